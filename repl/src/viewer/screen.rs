//! The viewer's loop on a terminal: raw mode, the alternate screen, keys.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};

use super::state::{Go, Key, State};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Lets a person look around until they leave.
pub(super) fn run(mut state: State, terminal: &Terminal) -> Result<(), Failure> {
    let _raw = Raw::enter().map_err(failure)?;
    loop {
        let (width, height) = size().unwrap_or((80, 24));
        let lines = state.draw(width.into(), height.into(), terminal.stdout);
        draw(&lines).map_err(failure)?;
        let key = match event::read().map_err(failure)? {
            Event::Key(event) if event.kind != KeyEventKind::Release => event,
            // A resize draws anew.
            _ => continue,
        };
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Ok(());
        }
        let Some(key) = translate(key.code) else { continue };
        if state.key(key, state.page(width.into(), height.into())) == Go::Away {
            return Ok(());
        }
    }
}

fn draw(lines: &[String]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for (row, line) in lines.iter().enumerate() {
        queue!(stdout, MoveTo(0, row as u16), Clear(ClearType::CurrentLine))?;
        stdout.write_all(line.as_bytes())?;
    }
    stdout.flush()
}

fn translate(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::Char(letter) => Key::Letter(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Left => Key::Previous,
        KeyCode::Right => Key::Next,
        _ => return None,
    })
}

fn failure(error: io::Error) -> Failure {
    Failure::of_io("draw on the terminal", &error)
}

/// Raw mode and the alternate screen; dropping it gives the terminal back.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let raw = Raw;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nothing to do about a terminal that went away.
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}
