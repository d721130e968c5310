//! `\h`: the commands; `\h NAME`: one command, variable, flag or function.

use std::fmt::Write;

use schema::{FLAGS, Field};

use super::{ALL, Command, Completes};
use crate::failure::Failure;
use crate::render::escape;
use crate::render::grid::{self, Align};
use crate::shell::{Go, Shell};
use crate::terminal::{Paint, Terminal};
use crate::verbs::{self, schema::type_of};

pub(super) const COMMAND: Command = Command {
    name: "h",
    arguments: "[NAME]",
    doc: "this list, or what a variable, function or command is",
    completes: Completes::Topic,
    run: |shell, name| {
        let name = name.trim();
        let text = if name.is_empty() {
            overview(shell)
        } else {
            topic(name, &shell.terminal)?
        };
        verbs::put(&text)?;
        Ok(Go::On)
    },
};

fn overview(shell: &Shell) -> String {
    let commands: Vec<Vec<String>> = ALL
        .iter()
        .map(|command| {
            vec![
                format!("\\{} {}", command.name, command.arguments),
                command.doc.to_owned(),
            ]
        })
        .collect();
    let heads = [("command", Align::Left), ("does", Align::Left)];
    let list = grid::draw_list(&heads, &commands, shell.terminal.width(), shell.terminal.stdout);
    format!(
        "A line is a KFL filter (http && status_code >= 500), SQL (SELECT …) or a command.\n\
         Rows are numbered: \\flow 3 goes up from row 3, \\conn 3, \\entries 3, \\packets 3 and \\hex 3 go down.\n\n{list}"
    )
}

fn topic(name: &str, terminal: &Terminal) -> Result<String, Failure> {
    let mut text = String::new();
    if let Some(command) = ALL.iter().find(|command| command.name == name.trim_start_matches('\\')) {
        let head = terminal
            .stdout
            .paint(Paint::Strong, &format!("\\{} {}", command.name, command.arguments));
        let _ = writeln!(text, "{head}\n  {}", command.doc);
    }
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
        let _ = writeln!(
            text,
            "{}  bool, a flag\n  {}",
            terminal.stdout.paint(Paint::Strong, flag.name),
            flag.doc
        );
    }
    text.push_str(&variable(name, terminal));
    text.push_str(&function(name, terminal));
    if text.is_empty() {
        return Err(Failure::input(format!("nothing is called {}", escape::line(name)))
            .hint("\\h lists the commands, \\d TABLE the variables of a table"));
    }
    Ok(text)
}

/// A variable: once if all its tables say the same of it, else table by table.
fn variable(name: &str, terminal: &Terminal) -> String {
    let mut meanings: Vec<(&'static Field, Vec<&'static str>)> = Vec::new();
    for table in schema::tables::ALL {
        let Some(field) = table.fields().find(|field| field.name == name || field.column == name) else {
            continue;
        };
        match meanings.iter_mut().find(|(known, _)| known.doc == field.doc) {
            Some((_, tables)) => tables.push(table.name),
            None => meanings.push((field, vec![table.name])),
        }
    }
    let mut text = String::new();
    for (field, tables) in meanings {
        let head = terminal.stdout.paint(Paint::Strong, field.name);
        let column = if field.is_stored() {
            format!(", column {}", field.column)
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "{head}  {}{column}\n  {}\n  in {}",
            type_of(field),
            field.doc,
            tables.join(", ")
        );
    }
    text
}

/// A function or macro: its signatures, what it does, examples with their results.
fn function(name: &str, terminal: &Terminal) -> String {
    let Some(help) = kfl::help().into_iter().find(|help| help.name == name) else {
        return String::new();
    };
    let mut text = String::new();
    for signature in &help.signatures {
        let _ = writeln!(text, "{}", terminal.stdout.paint(Paint::Strong, signature));
    }
    let _ = writeln!(text, "  {}", help.doc);
    for (example, result) in help.examples {
        let _ = writeln!(text, "  {example} → {result}");
    }
    text
}
