//! Fitting: how wide each column of a table may be on a terminal.
//!
//! Comes in: what each column would like and what it needs at least, in order of the screen. Goes out: a width for each
//! column, or 0 for those that found no room.

/// What a column wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Its widest cell.
    pub(crate) natural: usize,
    /// What makes no sense to go below.
    pub(crate) least: usize,
    /// Columns of a higher rank give way first.
    pub(crate) rank: usize,
}

/// Blanks between two columns.
pub(crate) const GAP: usize = 2;

/// Widths of the columns so that they fit side by side into the room there is. By rank, each column is taken that still
/// fits beside those taken before.
pub(crate) fn fit(wishes: &[Wish], room: usize) -> Vec<usize> {
    let mut widths = vec![0; wishes.len()];
    let mut ranked: Vec<usize> = (0..wishes.len()).collect();
    ranked.sort_by_key(|at| wishes[*at].rank);
    let mut taken: Vec<usize> = Vec::new();
    for at in ranked {
        taken.push(at);
        let fits = room_beside_gaps(&taken, room)
            .and_then(|room| widest(wishes, &taken, room))
            .is_some();
        if !fits && taken.len() > 1 {
            taken.pop();
        }
    }
    match room_beside_gaps(&taken, room).and_then(|room| widest(wishes, &taken, room)) {
        Some(widest) => {
            for at in taken {
                widths[at] = wishes[at].natural.min(widest.max(wishes[at].least));
            }
        }
        // Not even the first fits: it is cut.
        None => taken
            .first()
            .iter()
            .for_each(|at| widths[**at] = wishes[**at].natural.min(room)),
    }
    widths
}

fn room_beside_gaps(taken: &[usize], room: usize) -> Option<usize> {
    room.checked_sub(GAP * taken.len().saturating_sub(1))
}

/// The greatest width to which columns may be cut so that all fit; `None` if they do not fit at their least.
fn widest(wishes: &[Wish], kept: &[usize], room: usize) -> Option<usize> {
    let total = |cap: usize| -> usize {
        kept.iter()
            .map(|at| wishes[*at].natural.min(cap.max(wishes[*at].least)))
            .sum()
    };
    if total(0) > room {
        return None;
    }
    let (mut fits, mut above) = (0, kept.iter().map(|at| wishes[*at].natural).max().unwrap_or(0) + 1);
    while above - fits > 1 {
        let middle = fits + (above - fits) / 2;
        if total(middle) <= room {
            fits = middle
        } else {
            above = middle
        }
    }
    Some(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(natural: usize, least: usize, rank: usize) -> Wish {
        Wish {
            natural,
            least: least.min(natural),
            rank,
        }
    }

    #[test]
    fn columns_that_fit_are_left_alone() {
        assert_eq!(fit(&[wish(3, 3, 0), wish(10, 8, 1)], 80), [3, 10]);
    }

    #[test]
    fn the_widest_gives_first() {
        assert_eq!(fit(&[wish(3, 3, 0), wish(40, 8, 1), wish(20, 8, 2)], 47), [3, 20, 20]);
        assert_eq!(fit(&[wish(3, 3, 0), wish(40, 8, 1), wish(20, 20, 2)], 47), [3, 20, 20]);
        assert_eq!(fit(&[wish(3, 3, 0), wish(40, 8, 1), wish(20, 20, 2)], 37), [3, 10, 20]);
    }

    #[test]
    fn what_finds_no_room_gives_way_by_rank() {
        assert_eq!(fit(&[wish(3, 3, 0), wish(20, 20, 2), wish(9, 9, 1)], 20), [3, 0, 9]);
    }

    #[test]
    fn no_room_at_all_is_no_trouble() {
        for room in 0..20 {
            let widths = fit(&[wish(4, 4, 0), wish(9, 9, 1)], room);
            assert!(widths.iter().sum::<usize>() <= room.max(4), "{widths:?}");
        }
        assert_eq!(fit(&[], 10), Vec::<usize>::new());
    }
}
