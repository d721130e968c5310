//! An interface of a capture: what its packets' bytes and times mean, and what it counted.

use std::fmt;

use super::Resolution;

/// An interface description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Link type (LINKTYPE_ registry of tcpdump.org).
    pub link_type: u16,
    /// Longest packet it captures; 0 is no limit.
    pub snap_length: u32,
    /// How long a tick of its clock is.
    pub resolution: Resolution,
    /// Seconds to add to its times.
    pub offset_seconds: i64,
    /// Name, if the file gives one.
    pub name: Option<String>,
    /// What else the file tells of it: what is told, and the text.
    pub details: Vec<(&'static str, String)>,
    /// What it counted while it captured.
    pub statistics: Statistics,
}

/// What an interface counted, from the beginning of the capture; `None` is what the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets it received.
    pub received: Option<u64>,
    /// Packets that passed its filter.
    pub accepted: Option<u64>,
    /// Packets it dropped itself.
    pub dropped: Option<u64>,
    /// Packets that the operating system dropped.
    pub dropped_by_system: Option<u64>,
    /// Packets lost between two of the capture, as the packets themselves tell; added up.
    pub dropped_between: Option<u64>,
}

impl Interface {
    /// An interface of which nothing but this is known.
    pub fn new(link_type: u16, snap_length: u32, resolution: Resolution) -> Self {
        Self {
            link_type,
            snap_length,
            resolution,
            offset_seconds: 0,
            name: None,
            details: Vec::new(),
            statistics: Statistics::default(),
        }
    }

    /// The time of so many ticks, in nanoseconds since 1970; saturates.
    pub fn time_ns(&self, ticks: u64) -> i64 {
        let offset_ns = i128::from(self.offset_seconds).saturating_mul(1_000_000_000);
        // Ticks are below 2^94 nanoseconds, so only the last conversion can be too large.
        let ns = offset_ns.saturating_add_unsigned(self.resolution.ns(ticks));
        i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
    }
}

impl Statistics {
    /// Packets lost; `None` if the file does not say. Counts of the whole capture go before what packets tell.
    pub fn lost(&self) -> Option<u64> {
        match (self.dropped, self.dropped_by_system) {
            (None, None) => self.dropped_between,
            (own, system) => Some(own.unwrap_or(0).saturating_add(system.unwrap_or(0))),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link type {}", self.link_type)?;
        if self.snap_length > 0 {
            write!(f, ", snap length {}", self.snap_length)?;
        }
        write!(f, ", {}", self.resolution)?;
        if let Some(name) = &self.name {
            write!(f, ", {name}")?;
        }
        for (what, text) in &self.details {
            write!(f, ", {what} {text}")?;
        }
        let counts = [
            ("received", self.statistics.received),
            ("accepted", self.statistics.accepted),
            ("dropped", self.statistics.lost()),
        ];
        for (what, count) in counts {
            if let Some(count) = count {
                write!(f, ", {what} {count}")?;
            }
        }
        Ok(())
    }
}
