//! What past decisions wanted.

use concertina_model::Timestamp;
use serde::{Deserialize, Serialize};

/// A count that metrics asked for at some moment, before any limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The count.
    pub replicas: i32,
    /// When.
    pub at: Timestamp,
}

/// Past recommendations. Save it and restore it, and a restart forgets nothing.
///
/// It stays short: the slot of a recommendation that is too old to count is used again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The recommendations in the order of their slots, which is not always that of time. None
    /// until the autoscaler has been seen once.
    pub recommendations: Option<Vec<Recommendation>>,
}

impl History {
    /// Notes the count of an autoscaler that is seen for the first time, so that the first
    /// scale-in waits a whole window.
    pub(crate) fn first_seen(&mut self, replicas: i32, at: Timestamp) {
        self.recommendations
            .get_or_insert_with(|| vec![Recommendation { replicas, at }]);
    }

    /// Adds a recommendation; gives the highest that counts, the new one included, and when it was
    /// made. A recommendation counts until it is older than `oldest`.
    pub(crate) fn stabilize(
        &mut self,
        replicas: i32,
        at: Timestamp,
        oldest: Timestamp,
    ) -> Recommendation {
        let new = Recommendation { replicas, at };
        let all = self.recommendations.get_or_insert_default();
        let mut highest = new;
        let mut free = None;
        for (slot, recommendation) in all.iter().enumerate() {
            if recommendation.at < oldest {
                free = Some(slot);
            } else if recommendation.replicas > highest.replicas {
                highest = *recommendation;
            }
        }
        match free.and_then(|slot| all.get_mut(slot)) {
            Some(slot) => *slot = new,
            None => all.push(new),
        }
        highest
    }
}
