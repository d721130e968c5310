//! The arrows between crates, and the top level of the repository, are as ARCHITECTURE.md says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
        .to_owned()
}

/// The dependencies of a crate outside its tests.
fn dependencies(directory: &str) -> Vec<String> {
    let path = root().join(directory).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).expect("every crate has a manifest");
    let manifest: toml::Table = text.parse().expect("cargo reads it too");
    manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn crates_import_downwards_only() {
    let ours = BTreeSet::from(["engine", "ingest", "kfl", "repl", "schema", "sql"]);
    let mut text = String::new();
    for directory in ["engine/schema", "ingest", "kfl", "sql", "engine", "repl"] {
        let imports: Vec<String> = dependencies(directory)
            .into_iter()
            .filter(|name| ours.contains(name.as_str()))
            .collect();
        text += &format!("{directory} → {}\n", imports.join(" "));
    }
    expect![[r#"
        engine/schema → 
        ingest → schema
        kfl → schema
        sql → kfl schema
        engine → ingest kfl schema sql
        repl → engine kfl schema
    "#]]
    .assert_eq(&text);
}

#[test]
fn what_each_crate_must_not_know() {
    for (directory, forbidden) in [
        ("engine/schema", &["datafusion", "parquet", "tokio", "lalrpop-util"][..]),
        ("ingest", &["datafusion", "parquet", "tokio", "object_store"]),
        ("kfl", &["object_store", "crossterm", "rustyline", "clap"]),
        ("sql", &["object_store", "crossterm", "rustyline"]),
        (
            "engine",
            &["clap", "crossterm", "rustyline", "indicatif", "comfy-table"],
        ),
        ("repl", &["parquet"]),
    ] {
        let found = dependencies(directory);
        for name in forbidden {
            assert!(
                !found.iter().any(|dependency| dependency == name),
                "{directory} must not depend on {name}"
            );
        }
    }
    let schema = dependencies("engine/schema");
    assert_eq!(schema, ["arrow-array", "arrow-schema"]);
}

#[test]
fn the_top_level_is_as_drawn() {
    let known = BTreeSet::from([
        ".ci",
        ".git",
        ".gitignore",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "GLOSSARY.md",
        "LICENSE",
        "README.md",
        "engine",
        "ingest",
        "kfl",
        "repl",
        "rustfmt.toml",
        "sql",
        "tests",
        "target",
    ]);
    for entry in std::fs::read_dir(root()).expect("the repository is readable") {
        let name = entry
            .expect("the repository is readable")
            .file_name()
            .into_string()
            .expect("names are text");
        assert!(
            known.contains(name.as_str()) || !is_tracked(&name),
            "{name} at the top level has no reason"
        );
    }
}

/// Files that a user keeps beside the checkout's own are no concern of ours.
fn is_tracked(name: &str) -> bool {
    let output = std::process::Command::new("git")
        .arg("-C")
        .arg(root())
        .args(["ls-files", "--", name])
        .output();
    output.is_ok_and(|output| !output.stdout.is_empty())
}

#[test]
fn versions_stand_in_the_root_alone() {
    for directory in [
        "engine/schema",
        "ingest",
        "kfl",
        "sql",
        "engine",
        "repl",
        "tests",
        "tests/bench",
    ] {
        let text =
            std::fs::read_to_string(root().join(directory).join("Cargo.toml")).expect("every crate has a manifest");
        let manifest: toml::Table = text.parse().expect("cargo reads it too");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in manifest
                .get(section)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
            {
                let workspace = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                let path = value.get("path").is_some() && value.get("version").is_none();
                assert!(workspace || path, "{directory}: {name} has a version of its own");
            }
        }
    }
}

/// The README's first command is `cargo run` without a name: of the crates that cargo takes by itself one has a binary.
#[test]
fn cargo_run_knows_what_to_run() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let manifest: toml::Table = text.parse().expect("cargo reads it too");
    let members = manifest["workspace"]["default-members"]
        .as_array()
        .expect("members are listed");
    let has_binary = |member: &&str| {
        let directory = root().join(member);
        let text = std::fs::read_to_string(directory.join("Cargo.toml")).expect("every crate has a manifest");
        text.contains("[[bin]]") || directory.join("src/main.rs").exists() || directory.join("src/bin").exists()
    };
    let runnable: Vec<_> = members
        .iter()
        .filter_map(toml::Value::as_str)
        .filter(has_binary)
        .collect();
    assert_eq!(runnable, ["repl"]);
}
