//! Generates the parser from its grammar.

fn main() {
    println!("cargo::rerun-if-changed=src/grammar.lalrpop");
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_rerun_directives(false)
        .process()
        .unwrap_or_else(|error| panic!("the grammar is not one: {error}"));
}
