//! Regular expressions in RE2's syntax, written in the syntax of the `regex` crate.
//!
//! The two differ in places that change what matches: `\d`, `\s`, `\w` and `\b` are of ASCII in RE2; `[` , `&&`, `--` and
//! `~~` in a class are characters there; a brace that counts nothing stands for itself; `\Q…\E` quotes; a letter after a
//! backslash that means nothing, a repetition of a repetition and a count above 1000 are errors.
//!
//! Specification: github.com/google/re2/wiki/Syntax, as Go's `regexp/syntax` takes it with Perl's flags. `\C` is refused.
//! What both refuse (parentheses without a partner, nothing to repeat) is left to the crate to say.

/// The greatest count of a repetition.
const MAX_REPEAT: u32 = 1000;

/// Classes that a letter after a backslash stands for, without their brackets.
const PERL: &[(char, &str)] = &[
    ('d', "0-9"),
    ('D', "^0-9"),
    ('s', r"\t\n\x0C\r "),
    ('S', r"^\t\n\x0C\r "),
    ('w', "0-9A-Za-z_"),
    ('W', "^0-9A-Za-z_"),
];

const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Writes a pattern of RE2's as the `regex` crate spells it.
///
/// # Errors
///
/// What RE2 refuses and the crate would take.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        repeated: false,
    };
    while let Some(character) = translator.next() {
        let is_repetition = translator.item(character)?;
        translator.repeated = is_repetition;
    }
    Ok(translator.out)
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    /// True after a repetition, which cannot be repeated.
    repeated: bool,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn take(&mut self, prefix: char) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Writes what begins with a character; true if it is a repetition.
    fn item(&mut self, first: char) -> Result<bool, String> {
        match first {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.group()?,
            '*' | '+' | '?' => return self.repetition(first.encode_utf8(&mut [0; 4])),
            '{' => match self.counts()? {
                Some(counts) => return self.repetition(&counts),
                None => self.out.push_str("\\{"),
            },
            '}' | ']' => self.literal(first),
            _ => self.out.push(first),
        }
        Ok(false)
    }

    fn repetition(&mut self, operator: &str) -> Result<bool, String> {
        if self.repeated {
            return Err(format!(
                "expected something to repeat before `{operator}`, found a repetition"
            ));
        }
        self.out.push_str(operator);
        if self.take('?') {
            self.out.push('?');
        }
        Ok(true)
    }

    /// What follows a brace, if it counts: `{2}`, `{2,}`, `{2,5}`.
    fn counts(&mut self) -> Result<Option<String>, String> {
        let Some((inside, after)) = self.rest.split_once('}') else {
            return Ok(None);
        };
        let (least, most) = inside
            .split_once(',')
            .map_or((inside, None), |(least, most)| (least, Some(most)));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(least) || most.is_some_and(|most| !most.is_empty() && !is_number(most)) {
            return Ok(None);
        }
        let bounds = [Some(least), most.filter(|most| !most.is_empty())];
        for bound in bounds.into_iter().flatten() {
            if bound.parse().ok().is_none_or(|bound: u32| bound > MAX_REPEAT) {
                return Err(format!("expected a count up to {MAX_REPEAT}, found `{{{inside}}}`"));
            }
        }
        self.rest = after;
        Ok(Some(format!("{{{inside}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if !self.take('?') {
            return Ok(());
        }
        self.out.push('?');
        if self.rest.starts_with("P<") || self.rest.starts_with('<') {
            let is_named = self.rest.split_once('>').is_some_and(|(name, _)| {
                let name = name.trim_start_matches('P').trim_start_matches('<');
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            return match is_named {
                true => Ok(()),
                false => Err("expected a name in `(?P<name>…)`, found another group".to_owned()),
            };
        }
        let flags = self.rest.trim_start_matches(['i', 'm', 's', 'U', '-']);
        let end = self.rest.len() - flags.len() + 1;
        match self.rest.split_at_checked(end) {
            Some((flags, after)) if flags.ends_with([':', ')']) => {
                self.out.push_str(flags);
                self.rest = after;
                Ok(())
            }
            _ => Err("expected one of the flags i, m, s, U in `(?flags:…)`, found another group".to_owned()),
        }
    }

    /// What stands after a backslash outside a class.
    fn escape(&mut self) -> Result<(), String> {
        let rest = self.rest;
        let first = self
            .next()
            .ok_or_else(|| ends_early("a character after the backslash"))?;
        if let Some((_, class)) = PERL.iter().find(|(letter, _)| *letter == first) {
            self.out.extend(["[", class, "]"]);
            return Ok(());
        }
        match first {
            'Q' => {
                let (quoted, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = after;
                quoted.chars().for_each(|character| self.literal(character));
            }
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'A' => self.out.push_str(r"\A"),
            'z' => self.out.push_str(r"\z"),
            'p' | 'P' => self.unicode_class(first == 'P')?,
            _ => {
                self.rest = rest;
                let character = self.escaped()?;
                self.literal(character);
            }
        }
        Ok(())
    }

    /// The character that an escape stands for, its backslash read.
    fn escaped(&mut self) -> Result<char, String> {
        let first = self
            .next()
            .ok_or_else(|| ends_early("a character after the backslash"))?;
        let unknown = || format!("expected an escape of RE2, found `\\{first}`");
        Ok(match first {
            'a' => '\x07',
            'f' => '\x0C',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0B',
            'x' => return self.hexadecimal(),
            // A digit alone would name a group, which takes more than linear time.
            '1'..='7' if !self.rest.starts_with(|next: char| next.is_digit(8)) => return Err(unknown()),
            '0'..='7' => {
                let digits = self
                    .rest
                    .bytes()
                    .take(2)
                    .take_while(|digit| (b'0'..b'8').contains(digit))
                    .count();
                let (digits, after) = self.rest.split_at(digits);
                self.rest = after;
                u32::from_str_radix(&format!("{first}{digits}"), 8)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(unknown)?
            }
            first if first.is_ascii() && !first.is_ascii_alphanumeric() => first,
            _ => return Err(unknown()),
        })
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let (digits, after) = match self.rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}').unwrap_or(("", rest)),
            None => self.rest.split_at_checked(2).unwrap_or(("", self.rest)),
        };
        self.rest = after;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| is_number)
            .and_then(char::from_u32)
            .ok_or_else(|| r"expected a character's number after \x, found none".to_owned())
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}`, the letter read.
    fn unicode_class(&mut self, mut negated: bool) -> Result<(), String> {
        let name = match self.rest.strip_prefix('{') {
            Some(inside) => {
                let (name, after) = inside.split_once('}').ok_or_else(|| ends_early(r"`}` after \p{"))?;
                self.rest = after;
                name
            }
            None => {
                let rest = self.rest;
                let letter = self.next().ok_or_else(|| ends_early(r"a letter after \p"))?;
                &rest[..letter.len_utf8()]
            }
        };
        let positive = name.strip_prefix('^');
        negated ^= positive.is_some();
        let name = positive.unwrap_or(name);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(format!("expected the name of a class of Unicode, found `{name}`"));
        }
        self.out.extend([if negated { r"\P{" } else { r"\p{" }, name, "}"]);
        Ok(())
    }

    /// A class, its bracket read.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let rest = self.rest;
            let first = self.next().ok_or_else(|| "unclosed character class".to_owned())?;
            if first == ']' && !is_first {
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if first == '[' && self.posix_class()? || first == '\\' && self.class_in_class()? {
                continue;
            }
            self.rest = rest;
            let low = self.class_character()?;
            self.literal(low);
            let ends_range = self.rest.strip_prefix('-').is_some_and(|rest| !rest.starts_with(']'));
            if ends_range && self.take('-') {
                let high = self.class_character()?;
                if high < low {
                    return Err(format!("expected a range upwards, found `{low}-{high}`"));
                }
                self.out.push('-');
                self.literal(high);
            }
        }
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.next() {
            None => Err("unclosed character class".to_owned()),
            Some('\\') => self.escaped(),
            Some(character) => Ok(character),
        }
    }

    /// `[:alpha:]`, its first bracket read; false if it is none.
    fn posix_class(&mut self) -> Result<bool, String> {
        let inside = self.rest.strip_prefix(':').and_then(|rest| rest.split_once(":]"));
        let Some((name, after)) = inside else {
            return Ok(false);
        };
        if !POSIX.contains(&name.trim_start_matches('^')) {
            return Err(format!("expected the name of a class, found `[:{name}:]`"));
        }
        self.out.extend(["[:", name, ":]"]);
        self.rest = after;
        Ok(true)
    }

    /// `\d` and `\pL` inside a class, the backslash read; false if it is another escape.
    fn class_in_class(&mut self) -> Result<bool, String> {
        let rest = self.rest;
        match self.next() {
            Some(letter @ ('p' | 'P')) => self.unicode_class(letter == 'P')?,
            letter => match PERL.iter().find(|(known, _)| Some(*known) == letter) {
                Some((_, class)) => self.out.extend(["[", class, "]"]),
                None => {
                    self.rest = rest;
                    return Ok(false);
                }
            },
        }
        Ok(true)
    }

    /// Writes a character that stands for itself.
    fn literal(&mut self, character: char) {
        if character.is_alphanumeric() || character == '_' {
            self.out.push(character);
        } else {
            self.out.push_str(&format!("\\x{{{:X}}}", u32::from(character)));
        }
    }
}

fn ends_early(expected: &str) -> String {
    format!("expected {expected}, found the end")
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::translate;

    #[test]
    fn patterns_mean_what_they_mean_to_re2() {
        for (pattern, text, expect) in [
            (r"^\d+$", "42", true),
            (r"^\d+$", "٤٢", false),
            (r"^\D$", "٤", true),
            (r"\w", "é", false),
            (r"\s", "\u{a0}", false),
            (r"\s", "\u{b}", false),
            (r"\bfoo\b", "éfooé", true),
            (r"o\B", "foo", true),
            (r"^[\d_-]+$", "4_-2", true),
            (r"^[^\d]$", "4", false),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[[a]+$", "[a", true),
            (r"^[]a]+$", "]a", true),
            (r"^[a-]+$", "a-", true),
            (r"^[--/]+$", "-./", true),
            (r"^[\]\-\\]+$", r"]-\", true),
            (r"^[[:alpha:]0]+$", "a0", true),
            (r"^[[:^alpha:]]+$", "a", false),
            (r"^[\pL\x{41}\101]+$", "éA", true),
            (r"^\p{Greek}\P{Greek}$", "αa", true),
            (r"^\p{^Greek}$", "α", false),
            (r"^\Q[a]*\E+$", "[a]**", true),
            (r"\Q.", "a", false),
            (r"a{,2}", "a{,2}", true),
            (r"^a{2,3}$", "aaaa", false),
            (r"{", "{", true),
            (r"x{2}?}", "xx}", true),
            (r"^\x41\x{1F600}\t\052$", "A😀\t*", true),
            (r"(?i)straße", "STRASSE", false),
            (r"(?i:ABC)d", "abcd", true),
            (r"(?P<name>a)(?:b)(?<other>c)", "abc", true),
            (r"(?s)a.b", "a\nb", true),
            (r"a.b", "a\nb", false),
            (r"(?m)^b$", "a\nb\nc", true),
            (r"^b$", "a\nb", false),
            (r"a+?|b*", "", true),
            (r"🐱{2}", "🐱🐱", true),
            ("", "cows", true),
        ] {
            let translated = translate(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            let regex = Regex::new(&translated).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expect, "{pattern} on {text}: {translated}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for pattern in [
            "a**",
            "a{2}{3}",
            "a+*",
            "a{1001}",
            "a{2,1001}",
            "a{3,2}",
            "*",
            "a|*",
            "(",
            ")",
            "a(?=b)",
            "(?<=b)a",
            "(?!b)",
            "(?x)a b",
            "(?u)a",
            "(?P=a)",
            "(?",
            r"(a)\1",
            r"\8",
            r"\C",
            r"\u0041",
            r"\<",
            r"\y",
            r"\Z",
            "\\",
            r"\x",
            r"\x{",
            r"\x{110000}",
            r"\x+1",
            r"\pé",
            r"\p{Nowhere}",
            r"\p{",
            "[a",
            "[",
            "[]",
            "[b-a]",
            r"[a-\d]",
            "[[:nope:]]",
            r"[\",
            r"\é",
            "(?P<é>a)",
        ] {
            let outcome =
                translate(pattern).and_then(|pattern| Regex::new(&pattern).map_err(|error| error.to_string()));
            // A punctuation mark after a backslash stands for itself, whatever other syntaxes make of it.
            assert_eq!(outcome.is_err(), pattern != r"\<", "{pattern}");
        }
    }

    #[test]
    fn any_text_is_translated_or_refused() {
        let mut rng = fastrand::Rng::with_seed(7);
        let pieces = [
            "\\", "[", "]", "(", "?", ")", "{", "}", "^", "-", ":", "Q", "E", "p", "x", "1", "é", "P<", ">", "a", "&&",
            ",",
        ];
        for _ in 0..20_000 {
            let pattern: String = (0..rng.usize(0..12))
                .map(|_| pieces[rng.usize(..pieces.len())])
                .collect();
            if let Ok(translated) = translate(&pattern) {
                let _ = Regex::new(&translated).is_ok_and(|regex| regex.is_match("a1é"));
            }
        }
    }
}
