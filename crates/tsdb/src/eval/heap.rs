//! The best elements of a group. Which of several equal ones stay, and in which order they come
//! out, follows from the moves of Go's `container/heap`, so these are its moves.

use super::Element;

/// At most `limit` elements, the worst of them first.
pub(super) struct Best {
    limit: usize,
    largest: bool,
    heap: Vec<Element>,
}

impl Best {
    /// Keeps the largest elements, or the smallest.
    pub(super) fn new(limit: i64, largest: bool) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(0),
            largest,
            heap: Vec::new(),
        }
    }

    /// A worse element stands nearer to the front; NaN is worse than any number.
    fn worse(&self, a: f64, b: f64) -> bool {
        a.is_nan() || if self.largest { a < b } else { a > b }
    }

    fn value(&self, at: usize) -> f64 {
        self.heap.get(at).map_or(f64::NAN, |element| element.value)
    }

    pub(super) fn offer(&mut self, element: Element) {
        if self.limit == 0 {
            return;
        }
        if self.heap.len() >= self.limit {
            let front = self.value(0);
            let beaten = if self.largest {
                front < element.value
            } else {
                front > element.value
            };
            if !(beaten || front.is_nan()) {
                return;
            }
            let last = self.heap.len() - 1;
            self.heap.swap(0, last);
            self.down(last);
            self.heap.truncate(last);
        }
        self.heap.push(element);
        self.up(self.heap.len() - 1);
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.worse(self.value(at), self.value(parent)) {
                break;
            }
            self.heap.swap(at, parent);
            at = parent;
        }
    }

    fn down(&mut self, end: usize) {
        let mut at = 0;
        loop {
            let left = 2 * at + 1;
            if left >= end {
                break;
            }
            let right = left + 1;
            let child = if right < end && self.worse(self.value(right), self.value(left)) {
                right
            } else {
                left
            };
            if !self.worse(self.value(child), self.value(at)) {
                break;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }

    /// The best first, NaN last.
    pub(super) fn into_sorted(mut self) -> Vec<Element> {
        let largest = self.largest;
        self.heap
            .sort_by(|a, b| super::math::order(a.value, b.value, largest));
        self.heap
    }
}
