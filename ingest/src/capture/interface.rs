//! An interface of a capture: what its packets' bytes and times mean.

use std::fmt;

/// An interface description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Link type (LINKTYPE_ registry of tcpdump.org).
    pub link_type: u16,
    /// Longest packet it captures; 0 is no limit.
    pub snap_length: u32,
    /// Ticks of its clock per second.
    pub ticks_per_second: u64,
    /// Seconds to add to its times.
    pub offset_seconds: i64,
    /// Name, if the file gives one.
    pub name: Option<String>,
}

/// Ticks of microseconds, the default of both formats.
pub(super) const MICROSECONDS: u64 = 1_000_000;
/// Ticks of nanoseconds.
pub(super) const NANOSECONDS: u64 = 1_000_000_000;

impl Interface {
    /// The time of so many ticks, in nanoseconds since 1970; saturates.
    pub fn time_ns(&self, ticks: u64) -> i64 {
        let ns = match self.ticks_per_second {
            NANOSECONDS => i128::from(ticks),
            MICROSECONDS => i128::from(ticks) * 1000,
            other => (i128::from(ticks) * i128::from(NANOSECONDS)) / i128::from(other.max(1)),
        };
        let ns = ns + i128::from(self.offset_seconds) * i128::from(NANOSECONDS);
        i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link type {}", self.link_type)?;
        if self.snap_length > 0 {
            write!(f, ", snap length {}", self.snap_length)?;
        }
        write!(f, ", {} ticks/s", self.ticks_per_second)?;
        if let Some(name) = &self.name {
            write!(f, ", {name}")?;
        }
        Ok(())
    }
}
