//! Who asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// The user of requests without any credentials.
const ANONYMOUS: &str = "system:anonymous";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const AUTHENTICATED: &str = "system:authenticated";

/// Somebody who asks: an extension of each request behind [`Auth`](super::Auth).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name, such as `system:serviceaccount:kube-system:horizontal-pod-autoscaler`.
    #[serde(rename = "username")]
    pub name: String,
    /// Their unique id; mostly empty.
    pub uid: String,
    /// The groups that they are in.
    #[serde(deserialize_with = "null_is_default")]
    pub groups: Vec<String>,
    /// More about them.
    #[serde(deserialize_with = "null_is_default")]
    pub extra: BTreeMap<String, Vec<String>>,
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl User {
    /// Who shows nothing at all.
    pub(super) fn anonymous() -> Self {
        Self {
            name: ANONYMOUS.to_owned(),
            groups: vec![UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// In the group of all who are known, as upstream adds it.
    pub(super) fn authenticated(mut self) -> Self {
        let known = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if self.name != ANONYMOUS && !self.groups.iter().any(known) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }

    /// Whether they are in this group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|known| known == group)
    }
}
