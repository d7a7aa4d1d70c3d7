//! Each action on labels, and rules that are refused.

use proptest::prelude::*;

use super::*;

fn rule(action: Action, source: &[&str], regex: &str, target: &str, text: &str) -> RelabelConfig {
    RelabelConfig {
        source_labels: source.iter().map(|name| (*name).to_owned()).collect(),
        regex: regex.to_owned(),
        target_label: target.to_owned(),
        replacement: text.to_owned(),
        action,
        ..RelabelConfig::default()
    }
}

fn labels() -> Labels {
    Labels::from_pairs([
        ("__name__", "DCGM_FI_DEV_GPU_UTIL"),
        ("gpu", "3"),
        ("modelName", "NVIDIA H100"),
        ("pod", "train-0"),
        ("exported_pod", "train-0"),
    ])
}

fn told(config: RelabelConfig) -> String {
    match Relabeling::new([config]) {
        Ok(rules) => rules
            .apply(labels())
            .map_or("dropped".to_owned(), |labels| labels.to_string()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_action_does_what_prometheus_does() {
    use Action::*;
    let rules = [
        rule(Replace, &["pod"], "(.*)-(.*)", "ordinal", "$2"),
        rule(Replace, &["pod", "gpu"], "(.*);(.*)", "x", "${1}_$2"),
        rule(Replace, &["pod"], "train", "x", "partial matches are none"),
        rule(Replace, &["pod"], "(.*)-.*", "${1}_pod", "yes"),
        rule(
            Replace,
            &["modelName"],
            "(.*)",
            "${1}",
            "an impossible name",
        ),
        rule(Replace, &["absent"], "(.*)", "pod", "$1"),
        rule(Replace, &[], "(.*)", "cluster", "a"),
        rule(Keep, &["gpu"], "[0-3]", "", "$1"),
        rule(Keep, &["gpu"], "[0-2]", "", "$1"),
        rule(Drop, &["__name__"], "DCGM_.*", "", "$1"),
        rule(Drop, &["absent"], "", "", "$1"),
        rule(KeepEqual, &["pod"], "(.*)", "exported_pod", "$1"),
        rule(DropEqual, &["pod"], "(.*)", "exported_pod", "$1"),
        rule(KeepEqual, &["pod"], "(.*)", "absent", "$1"),
        rule(LabelMap, &[], "exported_(.+)", "", "${1}_of_gpu"),
        rule(LabelDrop, &[], "exported_.*|gpu", "", "$1"),
        rule(LabelKeep, &[], "__name__|gpu", "", "$1"),
        rule(Lowercase, &["modelName"], "(.*)", "model", "$1"),
        rule(Uppercase, &["modelName"], "(.*)", "modelName", "$1"),
        RelabelConfig {
            modulus: 8,
            ..rule(HashMod, &["pod"], "(.*)", "shard", "$1")
        },
    ];
    insta::assert_snapshot!(rules.map(told).join("\n"), @r#"
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", ordinal="0", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0", x="train-0_3"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0", train_pod="yes"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100"}
DCGM_FI_DEV_GPU_UTIL{cluster="a", exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
dropped
dropped
dropped
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
dropped
dropped
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0", pod_of_gpu="train-0"}
DCGM_FI_DEV_GPU_UTIL{modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{gpu="3"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", model="nvidia h100", modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0"}
DCGM_FI_DEV_GPU_UTIL{exported_pod="train-0", gpu="3", modelName="NVIDIA H100", pod="train-0", shard="4"}
"#);
}

#[test]
fn rules_without_effect_are_refused() {
    use Action::*;
    let rules = [
        rule(Replace, &["pod"], "(", "x", "$1"),
        rule(Replace, &["pod"], "(.*)", "", "$1"),
        rule(Replace, &["pod"], "(.*)", "a-b", "$1"),
        rule(HashMod, &["pod"], "(.*)", "x", "$1"),
        rule(Lowercase, &["pod"], "(.*)", "$1", "$1"),
        rule(Uppercase, &["pod"], "(.*)", "x", "$0"),
        rule(LabelMap, &[], "(.*)", "", "a b"),
        rule(LabelDrop, &["pod"], "(.*)", "", "$1"),
        rule(LabelKeep, &[], "(.*)", "x", "$1"),
        rule(KeepEqual, &["pod"], "a", "x", "$1"),
        rule(DropEqual, &["pod"], "(.*)", "", "$1"),
    ];
    let mut told: Vec<String> = rules.map(told).into();
    told.push("remap".parse::<Action>().unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @r#"
the pattern `(` cannot be used: the group has no closing `)` (column 1)
replace needs target_label
replace: target_label `a-b` is no name of a label (letters, digits and `_`, groups as `$1` or `${1}`)
hashmod needs modulus
lowercase: target_label `$1` is no name of a label (letters, digits and `_`)
uppercase has no use for replacement: leave it out
labelmap: replacement `a b` is no name of a label (letters, digits and `_`, groups as `$1` or `${1}`)
labeldrop has no use for source_labels: leave it out
labelkeep has no use for target_label: leave it out
keepequal has no use for regex: leave it out
dropequal needs target_label
`remap` is no action; these are: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
"#);
    assert_eq!("LabelMap".parse(), Ok(LabelMap));
}

#[test]
fn rules_follow_each_other() {
    let rules = Relabeling::new([
        rule(Action::Replace, &["pod"], "(.*)-.*", "set", "$1"),
        rule(Action::Replace, &["set"], "(.*)", "set", "${1}ing"),
        rule(Action::LabelKeep, &[], "set", "", "$1"),
    ]);
    let left = rules.unwrap().apply(labels()).unwrap();
    assert_eq!(left.to_string(), r#"{set="training"}"#);
}

proptest! {
    #[test]
    fn nothing_panics_and_no_label_is_empty(
        source in "[a-z]{0,3}", regex in "\\PC{0,12}", target in "[a-z$0-9{}_]{0,8}",
        replacement in "\\PC{0,8}", modulus in 0_u64..4, action in 0_usize..11,
        labels in proptest::collection::vec(("[a-z]{1,3}", "\\PC{0,6}"), 0..5),
    ) {
        let (_, action) = config::ACTIONS[action];
        let config = RelabelConfig {
            modulus,
            ..rule(action, &[&source], &regex, &target, &replacement)
        };
        if let Ok(rules) = Relabeling::new([config])
            && let Some(labels) = rules.apply(Labels::from_pairs(labels))
        {
            prop_assert!(labels.iter().all(|(_, value)| !value.is_empty()));
        }
    }
}
