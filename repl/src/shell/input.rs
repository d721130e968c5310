//! What a line is: KFL, SQL or a command; and whether it goes on below.

/// A line, told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input<'a> {
    /// Blanks.
    Nothing,
    /// `\name arguments`.
    Command {
        /// Without the backslash.
        name: &'a str,
        /// Without blanks around.
        arguments: &'a str,
    },
    /// A statement.
    Sql(&'a str),
    /// A filter.
    Kfl(&'a str),
}

/// Words that begin a line of SQL.
const SQL: &[&str] = &["SELECT", "WITH", "EXPLAIN", "SHOW", "DESCRIBE"];

impl<'a> Input<'a> {
    /// Tells a line apart by its first word.
    pub(super) fn of(line: &'a str) -> Self {
        let text = line.trim();
        if text.is_empty() {
            return Input::Nothing;
        }
        if let Some(command) = text.strip_prefix('\\') {
            let (name, arguments) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            return Input::Command {
                name,
                arguments: arguments.trim(),
            };
        }
        let end = text
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        // A variable that is called like a word of SQL would go on as KFL does.
        let is_word =
            rest.is_empty() || rest.starts_with(|letter: char| letter.is_whitespace() || "(*'\";".contains(letter));
        if is_word && SQL.iter().any(|sql| sql.eq_ignore_ascii_case(word)) {
            return Input::Sql(text);
        }
        Input::Kfl(text)
    }
}

/// True if the line goes on below: a bracket or a quote is open that may stay so at the end of a line. An empty last line
/// ends it all the same, so that nobody is caught.
pub(super) fn is_open(line: &str) -> bool {
    if line.ends_with('\n') {
        return false;
    }
    match Input::of(line) {
        Input::Nothing => false,
        Input::Command { name, arguments } => name == "explain" && Scan::KFL.is_open(arguments),
        Input::Sql(text) => Scan::SQL.is_open(text),
        Input::Kfl(text) => Scan::KFL.is_open(text),
    }
}

/// How a language quotes.
struct Scan {
    /// True if three quotes open a string that may hold line ends, and one quote does not (CEL); false if every quote does
    /// (SQL).
    triple_quotes: bool,
    comment: &'static str,
}

impl Scan {
    const KFL: Scan = Scan {
        triple_quotes: true,
        comment: "//",
    };
    const SQL: Scan = Scan {
        triple_quotes: false,
        comment: "--",
    };

    fn is_open(&self, text: &str) -> bool {
        let mut depth = 0i64;
        let mut rest = text;
        let mut raw = false;
        while let Some(letter) = rest.chars().next() {
            if rest.starts_with(self.comment) {
                let Some(end) = rest.find('\n') else { break };
                rest = &rest[end..];
                continue;
            }
            match letter {
                '"' | '\'' => match self.string(rest, letter, raw) {
                    Quoted::Closed(after) => {
                        rest = after;
                        raw = false;
                        continue;
                    }
                    Quoted::OpenBelow => return true,
                    // A string that cannot go on below is a mistake, and shown as one.
                    Quoted::Broken => return false,
                },
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            raw = self.triple_quotes && matches!(letter, 'r' | 'R') || raw && matches!(letter, 'b' | 'B');
            rest = &rest[letter.len_utf8()..];
        }
        depth > 0
    }

    /// Passes over the string that begins here.
    fn string<'a>(&self, text: &'a str, quote: char, raw: bool) -> Quoted<'a> {
        let triple = [quote; 3].iter().collect::<String>();
        let (close, may_go_on) = match self.triple_quotes {
            true if text.starts_with(&triple) => (triple.as_str(), true),
            true => (&triple[..1], false),
            false => (&triple[..1], true),
        };
        let mut rest = &text[close.len()..];
        loop {
            if let Some(after) = rest.strip_prefix(close) {
                return Quoted::Closed(after);
            }
            let mut letters = rest.chars();
            match letters.next() {
                None => return if may_go_on { Quoted::OpenBelow } else { Quoted::Broken },
                Some('\n') if !may_go_on => return Quoted::Broken,
                Some('\\') if self.triple_quotes && !raw => {
                    letters.next();
                }
                Some(_) => {}
            }
            rest = letters.as_str();
        }
    }
}

enum Quoted<'a> {
    Closed(&'a str),
    OpenBelow,
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_their_first_word() {
        assert_eq!(Input::of("  "), Input::Nothing);
        assert_eq!(Input::of(" select 1"), Input::Sql("select 1"));
        assert_eq!(Input::of("SELECT*FROM http"), Input::Sql("SELECT*FROM http"));
        assert_eq!(Input::of("selected == 1"), Input::Kfl("selected == 1"));
        assert_eq!(Input::of("show.x == 1"), Input::Kfl("show.x == 1"));
        assert_eq!(
            Input::of(r"\pcap 3  a b.pcap "),
            Input::Command {
                name: "pcap",
                arguments: "3  a b.pcap"
            }
        );
        assert_eq!(
            Input::of(r"\"),
            Input::Command {
                name: "",
                arguments: ""
            }
        );
    }

    #[track_caller]
    fn check(line: &str, open: bool) {
        assert_eq!(is_open(line), open, "{line:?}");
    }

    #[test]
    fn brackets_and_long_strings_go_on_below() {
        check("http && (status_code == 1", true);
        check("http && (status_code == 1)", false);
        check("http)", false);
        check("x in [1,\n2", true);
        check("path == '''a\nb", true);
        check("path == '''a'b''' && (", true);
        check("path == '(' // (", false);
        check(r"path == 'it\'s (' ", false);
        check(r"path == r'\' && (", true);
        check("SELECT 'a", true);
        check("SELECT 'it''s' -- (", false);
        check("SELECT count(", true);
        check(r"\explain http && (", true);
        check(r"\pcap 1 a(b", false);
    }

    #[test]
    fn an_empty_line_and_a_broken_string_end_it() {
        check("http && (\n", false);
        check("path == 'open (", false);
    }
}
