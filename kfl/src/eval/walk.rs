//! Macros over lists and maps, one element after the other.

use super::{Scope, eval, insert, truth};
use crate::fault::Fault;
use crate::functions::comprehension::Macro;
use crate::typed::Comprehension;
use crate::value::Value;

/// Evaluates a macro.
pub(super) fn walk(comprehension: &Comprehension, scope: &mut Scope<'_>) -> Result<Value, Fault> {
    let range = eval(&comprehension.range, scope)?;
    let elements = elements(&range, comprehension.key.is_some()).ok_or(Fault::WrongType)?;
    let mut fold = Fold::default();
    for (key, element) in elements {
        let locals = scope.locals.len();
        if let Some(name) = &comprehension.key {
            scope.locals.push((name.clone(), Ok(key.clone())));
        }
        scope.locals.push((comprehension.local.clone(), Ok(element.clone())));
        let result = one(comprehension, scope);
        scope.locals.truncate(locals);
        match result {
            Err(Fault::TooLong) => return Err(Fault::TooLong),
            Err(fault) => fold.fault = fold.fault.or(Some(fault)),
            Ok(None) => {}
            Ok(Some(result)) => {
                scope.spend(if comprehension.form.makes_map() {
                    fold.map.len()
                } else {
                    0
                })?;
                fold.take(comprehension.form, key, element, result);
            }
        }
    }
    fold.result(comprehension.form)
}

/// The body's value for one element; `None` if the macro's own condition passes it over.
fn one(comprehension: &Comprehension, scope: &mut Scope<'_>) -> Result<Option<Value>, Fault> {
    if let Some(condition) = &comprehension.condition
        && !truth(eval(condition, scope)?)?
    {
        return Ok(None);
    }
    let value = eval(&comprehension.body, scope)?;
    match comprehension.form.is_condition() {
        true => truth(value).map(|value| Some(Value::Bool(value))),
        false => Ok(Some(value)),
    }
}

/// What a macro walks: positions and elements of a list, keys and values of a map; with one name, a map's keys.
pub(crate) fn elements(range: &Value, two_names: bool) -> Option<Vec<(Value, Value)>> {
    match range {
        Value::List(items) => {
            let position = |at| Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
            Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (position(at), item.clone()))
                    .collect(),
            )
        }
        Value::Map(entries) if two_names => Some(entries.to_vec()),
        Value::Map(entries) => Some(entries.iter().map(|(key, _)| (Value::Null, key.clone())).collect()),
        _ => None,
    }
}

/// The results of a macro's elements, folded.
#[derive(Debug, Default)]
struct Fold {
    trues: usize,
    falses: usize,
    list: Vec<Value>,
    map: Vec<(Value, Value)>,
    fault: Option<Fault>,
}

impl Fold {
    fn take(&mut self, form: Macro, key: Value, element: Value, result: Value) {
        let is_true = matches!(result, Value::Bool(true));
        match form {
            Macro::Exists | Macro::All | Macro::ExistsOne => {
                self.trues += usize::from(is_true);
                self.falses += usize::from(!is_true);
            }
            Macro::Filter if is_true => self.list.push(element),
            Macro::Filter => {}
            Macro::Map => self.list.push(result),
            Macro::TransformMap => self.entry(key, result),
            Macro::TransformMapEntry => match result {
                Value::Map(entries) => entries
                    .iter()
                    .for_each(|(key, value)| self.entry(key.clone(), value.clone())),
                _ => self.fault = self.fault.or(Some(Fault::WrongType)),
            },
        }
    }

    fn entry(&mut self, key: Value, value: Value) {
        if let Err(fault) = insert(&mut self.map, key, value) {
            self.fault = self.fault.or(Some(fault));
        }
    }

    fn result(self, form: Macro) -> Result<Value, Fault> {
        match (form, self.fault) {
            (Macro::Exists, _) if self.trues > 0 => Ok(Value::Bool(true)),
            (Macro::All, _) if self.falses > 0 => Ok(Value::Bool(false)),
            (_, Some(fault)) => Err(fault),
            (Macro::Exists, None) => Ok(Value::Bool(false)),
            (Macro::All, None) => Ok(Value::Bool(true)),
            (Macro::ExistsOne, None) => Ok(Value::Bool(self.trues == 1)),
            (Macro::Filter | Macro::Map, None) => Ok(Value::List(self.list.into())),
            (Macro::TransformMap | Macro::TransformMapEntry, None) => Ok(Value::Map(self.map.into())),
        }
    }
}
