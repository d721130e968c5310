//! `\h`: the commands; `\h NAME`: one command, or what the language knows under the name.

use std::fmt::Write;
use std::iter::once;

use kfl::{Flag, Meaning, Presence, Topic, Variable};

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
    doc: "this list, or what a variable, flag, function, command or code is",
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
        let head = format!("\\{} {}", command.name, command.arguments);
        entry(&mut text, &[head.as_str()], "", [command.doc], terminal);
    }
    for topic in kfl::describe(name) {
        match topic {
            Topic::Variable(known) => variable(&mut text, &known, terminal),
            Topic::Flag(known) => flag(&mut text, &known, terminal),
            Topic::Function(help) | Topic::Macro(help) => {
                let examples = help
                    .examples
                    .iter()
                    .map(|(example, result)| format!("{example} → {result}"));
                entry(
                    &mut text,
                    &help.signatures,
                    "",
                    once(help.doc.to_owned()).chain(examples),
                    terminal,
                );
            }
            Topic::Stage(stage) => entry(&mut text, &[stage.form], "  a stage", [stage.doc], terminal),
            Topic::Aggregate(form, doc) => entry(&mut text, &[form], "  of groups", [doc], terminal),
            Topic::Code(code) => entry(&mut text, &[code.code], "  a mistake", [code.meaning], terminal),
        }
    }
    columns(&mut text, name, terminal);
    if text.is_empty() {
        let near = kfl::nearest(name).join(", ");
        return Err(
            Failure::input(format!("nothing is called {}", escape::line(name))).hint(match near.as_str() {
                "" => "\\h lists the commands, \\d TABLE the variables of a table".to_owned(),
                near => format!("close to it: {near}"),
            }),
        );
    }
    Ok(text)
}

/// Heads, with words behind the last, and lines under them.
fn entry<L: AsRef<str>>(
    text: &mut String,
    heads: &[&str],
    words: &str,
    lines: impl IntoIterator<Item = L>,
    terminal: &Terminal,
) {
    for (place, head) in heads.iter().enumerate() {
        let words = if place + 1 == heads.len() { words } else { "" };
        let _ = writeln!(text, "{}{words}", terminal.stdout.paint(Paint::Strong, head));
    }
    for line in lines {
        let _ = writeln!(text, "  {}", line.as_ref());
    }
}

fn variable(text: &mut String, known: &Variable, terminal: &Terminal) {
    let unit = known.unit.map(|unit| format!(" ({unit})")).unwrap_or_default();
    let column = known
        .column
        .map(|column| format!(", column {column}"))
        .unwrap_or_default();
    let words = format!("  {}{unit}{column}, {} where a row has none", known.ty, known.default);
    let mut lines = Vec::new();
    for Meaning { doc, tables } in &known.meanings {
        lines.push((*doc).to_owned());
        lines.push(match known.presence {
            Presence::Filled => format!("in {}", tables.join(", ")),
            Presence::Empty => format!("in {}; nothing fills it yet", tables.join(", ")),
        });
    }
    entry(text, &[known.name], &words, lines, terminal);
}

fn flag(text: &mut String, known: &Flag, terminal: &Terminal) {
    let tables = match known.tables.join(", ").as_str() {
        "" => "true on no row yet".to_owned(),
        tables => format!("in {tables}"),
    };
    entry(text, &[known.name], "  bool, a flag", [known.doc, &tables], terminal);
}

/// Columns of this name that SQL alone reads: the language does not know them.
fn columns(text: &mut String, name: &str, terminal: &Terminal) {
    for table in schema::tables::ALL.iter().filter(|table| !table.in_kfl()) {
        for field in table.fields().filter(|field| field.column == name) {
            let words = format!("  {}, column in SQL", type_of(field));
            entry(
                text,
                &[field.column],
                &words,
                [field.doc, &format!("in {}", table.name)],
                terminal,
            );
        }
    }
}
