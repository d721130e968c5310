//! What every declaration of a table keeps to.

use std::collections::{BTreeMap, BTreeSet};

use schema::{FLAGS, Source, tables};

#[test]
fn columns_are_names_with_dots_as_underscores() {
    for table in tables::ALL {
        for field in table.fields() {
            assert_eq!(field.column, field.name.replace('.', "_"), "in {}", table.name);
        }
    }
}

#[test]
fn names_are_unique_in_a_table_and_have_one_type_everywhere() {
    let mut types = BTreeMap::new();
    for table in tables::ALL {
        let mut seen = BTreeSet::new();
        for field in table.fields() {
            assert!(seen.insert(field.name), "{} has {} twice", table.name, field.name);
            let (ty, other) = types.entry(field.name).or_insert((field.ty, table.name));
            assert_eq!(
                *ty, field.ty,
                "{} differs between {} and {other}",
                field.name, table.name
            );
        }
    }
}

#[test]
fn flags_and_fields_do_not_collide() {
    for table in tables::ALL {
        for (flag, _) in table.flags {
            assert!(
                FLAGS.iter().any(|known| known.name == *flag),
                "{flag} of {} is no flag",
                table.name
            );
        }
        for field in table.fields() {
            assert!(
                FLAGS.iter().all(|flag| flag.name != field.name),
                "{} is a flag and a field",
                field.name
            );
        }
    }
}

#[test]
fn everything_is_documented() {
    for table in tables::ALL {
        assert!(table.doc.ends_with('.'), "{}", table.name);
        for field in table.fields() {
            assert!(
                field.doc.ends_with('.') && !field.doc.contains("  "),
                "{}.{}: {}",
                table.name,
                field.name,
                field.doc
            );
            let counts_time_or_bytes = field.name.ends_with("_us") || field.name.ends_with("_bytes");
            assert!(
                !counts_time_or_bytes || field.unit.is_some(),
                "{}.{} has no unit",
                table.name,
                field.name
            );
        }
    }
}

#[test]
fn arrow_schemas_carry_the_documentation() {
    let schema = tables::find("http").expect("there is a table http").arrow();
    let field = schema.field_with_name("elapsed_time").expect("a common column");
    assert_eq!(field.metadata()["unit"], "µs");
    assert!(field.metadata()["doc"].starts_with("On entries"));
    assert_eq!(
        schema.field_with_name("src_ip").expect("a common column").metadata()["kfl"],
        "src.ip"
    );
    let virtual_fields = tables::ALL
        .iter()
        .flat_map(|table| table.fields())
        .filter(|field| matches!(field.source, Source::Virtual(_)));
    for field in virtual_fields {
        assert!(
            schema.field_with_name(field.column).is_err(),
            "{} is no column",
            field.column
        );
    }
}
