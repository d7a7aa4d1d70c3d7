//! How exporters name the pod that a series is about.

use concertina_model::Labels;
use serde::Serialize;

/// A pair of labels that names a pod and its namespace.
///
/// The same exporter comes out with different labels, by its options and by how it is scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavour {
    /// `PodName` and `NamespaceName`: the GPU exporter of Alibaba Cloud's ACK.
    Ack,
    /// `exported_pod` and `exported_namespace`: scraped with `honorLabels: false`, Prometheus'
    /// default. `pod` and `namespace` are the exporter's own then.
    Exported,
    /// `pod_name` and `pod_namespace`: dcgm-exporter with `--use-old-namespace`.
    OldNamespace,
    /// `podname` and `podnamespace`: HAMi before its metrics were called `hami_…`.
    HamiLegacy,
    /// `pod` and `namespace`: scraped with `honorLabels: true`, or the pod's own metrics.
    Plain,
}

impl Flavour {
    /// All of them; the first whose labels a series has is the one that tells its pod.
    pub const ALL: [Self; 5] = [
        Self::Ack,
        Self::Exported,
        Self::OldNamespace,
        Self::HamiLegacy,
        Self::Plain,
    ];

    /// The label that names the pod.
    #[must_use]
    pub fn pod(self) -> &'static str {
        match self {
            Self::Ack => "PodName",
            Self::Exported => "exported_pod",
            Self::OldNamespace => "pod_name",
            Self::HamiLegacy => "podname",
            Self::Plain => "pod",
        }
    }

    /// The label that names the pod's namespace.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Ack => "NamespaceName",
            Self::Exported => "exported_namespace",
            Self::OldNamespace => "pod_namespace",
            Self::HamiLegacy => "podnamespace",
            Self::Plain => "namespace",
        }
    }

    /// The flavour of a series with labels of these names; None when no pair is complete.
    ///
    /// ```
    /// use concertina_mapping::known::Flavour;
    ///
    /// let labels = ["exported_namespace", "exported_pod", "gpu", "namespace", "pod"];
    /// assert_eq!(Flavour::of(&labels), Some(Flavour::Exported));
    /// assert_eq!(Flavour::of(&["Hostname", "gpu"]), None);
    /// ```
    #[must_use]
    pub fn of<S: AsRef<str>>(labels: &[S]) -> Option<Self> {
        let has = |wanted: &str| labels.iter().any(|label| label.as_ref() == wanted);
        Self::ALL
            .into_iter()
            .find(|flavour| has(flavour.pod()) && has(flavour.namespace()))
    }
}

/// Whether a series' `pod` seems to be the exporter that was scraped and not the pod that uses the
/// GPU: its name, container or job says exporter.
#[must_use]
pub fn looks_like_an_exporter(labels: &Labels) -> bool {
    let says = |label| {
        let value = labels.get(label).unwrap_or_default().to_ascii_lowercase();
        ["exporter", "dcgm", "hami-", "vgpu-monitor"]
            .iter()
            .any(|word| value.contains(word))
    };
    says("pod") || says("container")
}
