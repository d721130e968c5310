//! What the viewer shows and how keys change it; knows nothing of the terminal that draws it.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::search::Pattern;
use super::{Sequence, frame};
use crate::render::escape;
use crate::terminal::{Paint, Screen};

/// What the viewer shows.
#[derive(Debug)]
pub(super) struct State {
    sequence: Sequence,
    frame: usize,
    /// First row on screen.
    top: usize,
    /// Bytes that stand out, with their frame.
    found: Option<(usize, Range<usize>)>,
    pattern: Option<Pattern>,
    /// What is being typed on the bottom line, after its first letter.
    typing: Option<(Typing, String)>,
    /// What the bottom line says until the next key.
    message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    Search,
    Goto,
}

/// What a person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Previous,
    Next,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Away,
}

const HELP: &str = "n next · p previous · g N frame · /text · /x 0d0a bytes · Enter next match · q back";

impl State {
    pub(super) fn new(sequence: Sequence) -> Self {
        let frame = sequence.at.min(sequence.packets.len().saturating_sub(1));
        Self {
            sequence,
            frame,
            top: 0,
            found: None,
            pattern: None,
            typing: None,
            message: None,
        }
    }

    fn data(&self) -> &[u8] {
        self.sequence.packets.get(self.frame).map_or(&[], |packet| &packet.data)
    }

    /// Reacts to a key; `page` is how many rows of bytes the screen has.
    pub(super) fn key(&mut self, key: Key, page: usize) -> Go {
        self.message = None;
        if let Some((typing, mut text)) = self.typing.take() {
            match key {
                Key::Letter(letter) => text.push(letter),
                // With nothing left to take away, typing ends.
                Key::Backspace if text.pop().is_none() => return Go::On,
                Key::Escape => return Go::On,
                Key::Enter => {
                    self.typed(typing, &text, page);
                    return Go::On;
                }
                _ => {}
            }
            self.typing = Some((typing, text));
            return Go::On;
        }
        match key {
            Key::Letter('q') | Key::Escape => return Go::Away,
            Key::Letter('n') | Key::Next => self.go(self.frame + 1),
            Key::Letter('p') | Key::Previous => match self.frame.checked_sub(1) {
                Some(frame) => self.go(frame),
                None => self.message = Some("this is the first frame".into()),
            },
            Key::Letter('g') => self.typing = Some((Typing::Goto, String::new())),
            Key::Letter('/') => self.typing = Some((Typing::Search, String::new())),
            Key::Enter => self.search(page),
            Key::Letter('k') | Key::Up => self.top = self.top.saturating_sub(1),
            Key::Letter('j') | Key::Down => self.scroll(1, page),
            Key::PageUp => self.top = self.top.saturating_sub(page),
            Key::Letter(' ') | Key::PageDown => self.scroll(page, page),
            Key::Home => self.top = 0,
            Key::End => self.scroll(usize::MAX, page),
            Key::Letter(_) | Key::Backspace => self.message = Some(HELP.into()),
        }
        Go::On
    }

    fn typed(&mut self, typing: Typing, text: &str, page: usize) {
        match typing {
            Typing::Goto => match text.trim().parse::<usize>() {
                Ok(number) if number > 0 => self.go(number - 1),
                _ => self.message = Some(format!("expected the number of a frame, found {}", escape::line(text))),
            },
            Typing::Search => {
                // Nothing typed repeats the last search.
                if let Some(pattern) = Pattern::parse(text) {
                    self.pattern = Some(pattern);
                }
                self.search(page);
            }
        }
    }

    fn go(&mut self, frame: usize) {
        if frame < self.sequence.packets.len() {
            (self.frame, self.top) = (frame, 0);
        } else {
            self.message = Some(format!("there are {} frames", self.sequence.packets.len()));
        }
    }

    fn scroll(&mut self, rows: usize, page: usize) {
        let last = frame::rows(self.data()).saturating_sub(page);
        self.top = self.top.saturating_add(rows).min(last);
    }

    fn search(&mut self, page: usize) {
        let Some(pattern) = &self.pattern else {
            self.message = Some("nothing to search for yet: type /text".into());
            return;
        };
        let after = match &self.found {
            Some((frame, range)) if *frame == self.frame => range.start + 1,
            _ => 0,
        };
        match pattern.next(&self.sequence.packets, self.frame, after) {
            Some((frame, range)) => {
                let row = range.start / frame::ROW;
                self.frame = frame;
                self.top = row.saturating_sub(page / 2);
                self.found = Some((frame, range));
            }
            None => self.message = Some("not found".into()),
        }
    }

    /// The head in as many lines as it needs.
    fn head(&self, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for piece in frame::head(&self.sequence, self.frame).split(frame::BETWEEN) {
            match lines.last_mut() {
                Some(line) if line.width() + frame::BETWEEN.width() + piece.width() <= width => {
                    line.push_str(frame::BETWEEN);
                    line.push_str(piece);
                }
                _ => lines.push(piece.to_owned()),
            }
        }
        lines.iter().map(|line| escape::cut(line, width).into_owned()).collect()
    }

    /// Rows of bytes on a screen of this size: the head is above, one line below.
    pub(super) fn page(&self, width: usize, height: usize) -> usize {
        height.saturating_sub(self.head(width).len() + 1).max(1)
    }

    /// The screen, line by line, none wider than it.
    pub(super) fn draw(&self, width: usize, height: usize, screen: Screen) -> Vec<String> {
        // A cut through a colour would leave it on, so a screen too narrow for a row has none.
        let screen = if width < 80 {
            Screen {
                colour: false,
                ..screen
            }
        } else {
            screen
        };
        let found = match &self.found {
            Some((frame, range)) if *frame == self.frame => range.clone(),
            _ => 0..0,
        };
        let data = self.data();
        let mut lines: Vec<String> = self
            .head(width)
            .iter()
            .map(|line| screen.paint(Paint::Strong, line))
            .collect();
        for row in self.top..frame::rows(data).min(self.top + self.page(width, height)) {
            let line = frame::row(data, row, &found, screen);
            lines.push(if screen.colour {
                line
            } else {
                escape::cut(&line, width).into_owned()
            });
        }
        lines.truncate(height.saturating_sub(1));
        lines.resize(height.saturating_sub(1), String::new());
        let bottom = match (&self.typing, &self.message) {
            (Some((Typing::Search, text)), _) => format!("/{}", escape::line(text)),
            (Some((Typing::Goto, text)), _) => format!("g {}", escape::line(text)),
            (None, Some(message)) => message.clone(),
            (None, None) => HELP.to_owned(),
        };
        let bottom = escape::cut(&bottom, width);
        lines.push(if self.typing.is_some() {
            bottom.into_owned()
        } else {
            screen.paint(Paint::Faint, &bottom)
        });
        lines.truncate(height);
        lines
    }
}

#[cfg(test)]
mod tests {
    use engine::Packet;
    use expect_test::{Expect, expect};

    use super::*;

    fn state(datas: &[&[u8]]) -> State {
        let packet = |(index, data): (usize, &&[u8])| Packet {
            number: 10 + index as i64,
            timestamp_ns: 1_700_000_000_000_000_000 + index as i64,
            link_type: 1,
            original_length: data.len() as u32 + 4,
            comment: None,
            data: data.to_vec(),
        };
        State::new(Sequence {
            packets: datas.iter().enumerate().map(packet).collect(),
            ends: None,
            at: 0,
        })
    }

    #[track_caller]
    fn check(keys: &str, expect: Expect) {
        let mut state = state(&[b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00\x1b[31m\xff", b""]);
        for letter in keys.chars() {
            let key = match letter {
                '\n' => Key::Enter,
                '<' => Key::Backspace,
                letter => Key::Letter(letter),
            };
            state.key(key, 4);
        }
        let plain = Screen {
            is_terminal: true,
            colour: false,
        };
        expect.assert_eq(&state.draw(90, 5, plain).join("\n"));
    }

    #[test]
    fn a_frame_is_a_head_and_rows() {
        check(
            "",
            expect![[r#"
                frame 1 of 3 · packet 10 · 2023-11-14 22:13:20.000000 · 27/31 bytes
                0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
                0010  48 6f 73 74 3a 20 61 0d  0a 0d 0a                 Host: a....

                n next · p previous · g N frame · /text · /x 0d0a bytes · Enter next match · q back"#]],
        );
    }

    #[test]
    fn control_characters_are_dots() {
        check(
            "n",
            expect![[r#"
                frame 2 of 3 · packet 11 · 2023-11-14 22:13:20.000000001 · 7/11 bytes
                0000  00 1b 5b 33 31 6d ff                              ..[31m.


                n next · p previous · g N frame · /text · /x 0d0a bytes · Enter next match · q back"#]],
        );
    }

    #[test]
    fn one_cannot_leave_by_the_ends() {
        check(
            "g9\n",
            expect![[r#"
                frame 1 of 3 · packet 10 · 2023-11-14 22:13:20.000000 · 27/31 bytes
                0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
                0010  48 6f 73 74 3a 20 61 0d  0a 0d 0a                 Host: a....

                there are 3 frames"#]],
        );
    }

    #[test]
    fn searches_go_through_all_frames() {
        let mut state = state(&[b"abc", b"\r\nabc", b"x\r\n"]);
        let mut press = |keys: &str| {
            for letter in keys.chars() {
                state.key(
                    if letter == '\n' {
                        Key::Enter
                    } else {
                        Key::Letter(letter)
                    },
                    4,
                );
            }
            state.found.clone()
        };
        assert_eq!(press("/abc\n"), Some((0, 0..3)));
        assert_eq!(press("\n"), Some((1, 2..5)));
        assert_eq!(press("\n"), Some((0, 0..3)));
        assert_eq!(press("/x 0d 0A\n"), Some((1, 0..2)));
        assert_eq!(press("\n"), Some((2, 1..3)));
        assert_eq!(press("/nowhere\n"), Some((2, 1..3)));
        assert_eq!(state.message.as_deref(), Some("not found"));
    }

    #[test]
    fn no_size_of_a_screen_is_trouble() {
        for frames in [&[][..], &[&b""[..]][..], &[&[7u8; 4000][..], b"a"][..]] {
            for (width, height) in [(0, 0), (1, 1), (5, 2), (200, 3), (80, 80)] {
                let mut state = state(frames);
                for key in [
                    Key::End,
                    Key::PageDown,
                    Key::Up,
                    Key::Next,
                    Key::Next,
                    Key::Previous,
                    Key::Home,
                    Key::Enter,
                ] {
                    state.key(key, state.page(width, height));
                    let lines = state.draw(
                        width,
                        height,
                        Screen {
                            is_terminal: true,
                            colour: false,
                        },
                    );
                    assert!(lines.len() <= height, "{width}x{height}");
                }
            }
        }
    }
}
