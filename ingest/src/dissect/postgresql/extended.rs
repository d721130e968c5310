//! The extended protocol: messages that prepare, bind, describe and execute statements, made operations.
//!
//! A message joins the operation before it if that is about the same statement or portal and no Sync or Execute came between.

use std::sync::Arc;

use super::conversation::Conversation;
use super::message::Fields;
use super::operation::Operation;
use super::steps::Step;
use crate::dissect::statements::kept;
use crate::dissect::{Context, Side};

impl Conversation {
    /// A statement is prepared.
    pub(super) fn parse(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let name = fields.name();
        let text: Arc<str> = kept(&fields.text(), context.limits.text_bytes).into();
        self.statements
            .add(name.clone(), text.clone(), super::NAME, side.start.packet, context);
        let mut operation = Operation::step("Parse", Step::Parse, side);
        operation.query = Some(text);
        operation.statement = Some(name);
        operation.is_open = true;
        self.begin(operation, context);
    }

    /// A portal is made of a statement.
    pub(super) fn bind(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let portal = fields.name();
        let statement = fields.name();
        let text = self.statements.get(&statement).cloned();
        match &text {
            Some(text) => {
                let packet = side.start.packet;
                self.portals
                    .add(portal.clone(), text.clone(), super::NAME, packet, context);
            }
            None => self.portals.forget(&portal),
        }
        if let Some(open) = self.open_operation()
            && open.statement.as_ref() == Some(&statement)
            && open.portal.is_none()
            && open.join(Step::Bind, side)
        {
            open.portal = Some(portal);
            return;
        }
        let mut operation = Operation::step("Bind", Step::Bind, side);
        operation.query = text;
        operation.object = (!statement.is_empty()).then(|| statement.clone());
        operation.statement = Some(statement);
        operation.portal = Some(portal);
        operation.is_open = true;
        self.begin(operation, context);
    }

    /// A statement or a portal is described.
    pub(super) fn describe(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let is_portal = fields.byte() == Some(b'P');
        let name = fields.name();
        if let Some(open) = self.open_operation() {
            let known = if is_portal { &open.portal } else { &open.statement };
            if known.as_ref() == Some(&name) && open.join(Step::Describe, side) {
                return;
            }
        }
        let mut operation = Operation::step("Describe", Step::Describe, side);
        let known = if is_portal { &self.portals } else { &self.statements };
        operation.query = known.get(&name).cloned();
        operation.object = Some(name.clone());
        if is_portal {
            operation.portal = Some(name);
        } else {
            operation.statement = Some(name);
        }
        operation.is_open = true;
        self.begin(operation, context);
    }

    /// A portal is executed.
    pub(super) fn execute(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let portal = fields.name();
        if let Some(open) = self.open_operation()
            && open.portal.as_ref() == Some(&portal)
            && open.join(Step::Execute, side)
        {
            open.command = Some("Execute");
            open.is_open = false;
            return;
        }
        let mut operation = Operation::step("Execute", Step::Execute, side);
        operation.query = self.portals.get(&portal).cloned();
        operation.object = (!portal.is_empty()).then_some(portal);
        self.begin(operation, context);
    }

    /// A statement or a portal is forgotten.
    pub(super) fn close_name(&mut self, mut fields: Fields<'_>, side: Side, context: &mut Context<'_>) {
        let is_portal = fields.byte() == Some(b'P');
        let name = fields.name();
        if is_portal {
            self.portals.forget(&name);
        } else {
            self.statements.forget(&name);
        }
        let mut operation = Operation::step("Close", Step::Close, side);
        operation.object = Some(format!("{} {name}", if is_portal { "portal" } else { "statement" }));
        self.begin(operation, context);
    }
}
