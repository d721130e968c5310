//! The answers that an operation waits for, one for each of its messages.

use super::message::server;

/// What the server answers to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
}

/// Steps that wait for their answer, the next in front.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    waiting: [Option<Step>; 6],
}

impl Step {
    /// True if a message of this type may be an answer to it, or a part of one.
    fn is_answered_by(self, kind: u8) -> bool {
        match self {
            Step::Parse => kind == server::PARSE_COMPLETE,
            Step::Bind => kind == server::BIND_COMPLETE,
            Step::Close => kind == server::CLOSE_COMPLETE,
            Step::Describe => matches!(kind, server::PARAMETERS | server::ROW_DESCRIPTION | server::NO_DATA),
            Step::Execute => matches!(
                kind,
                server::DATA_ROW
                    | server::COMMAND_COMPLETE
                    | server::EMPTY_QUERY
                    | server::PORTAL_SUSPENDED
                    | server::COPY_IN
                    | server::COPY_OUT
                    | server::COPY_BOTH
                    | server::COPY_DATA
                    | server::COPY_DONE
            ),
        }
    }
}

impl Steps {
    /// The step that is answered next.
    pub fn next(&self) -> Option<Step> {
        self.waiting.first().copied().flatten()
    }

    /// How many steps wait.
    pub fn count(&self) -> u64 {
        self.waiting.iter().flatten().count() as u64
    }

    /// How many steps wait before the one that a message of the server may answer.
    pub fn place(&self, kind: u8) -> Option<usize> {
        let mut waiting = self.waiting.iter().flatten();
        waiting.position(|step| step.is_answered_by(kind))
    }

    /// Adds a step; false if there is no room.
    pub fn add(&mut self, step: Step) -> bool {
        let free = self.waiting.iter_mut().find(|place| place.is_none());
        free.map(|place| *place = Some(step)).is_some()
    }

    /// The first step was answered.
    pub fn advance(&mut self) {
        self.waiting.rotate_left(1);
        if let Some(last) = self.waiting.last_mut() {
            *last = None;
        }
    }
}
