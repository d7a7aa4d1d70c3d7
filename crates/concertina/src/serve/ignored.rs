//! Flags of prometheus-adapter 0.12 that have nothing to do here: accepted, so that an existing
//! Deployment starts, with a warning that says why.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// What a flag takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Value,
    /// Nothing, or `=true` and `=false`.
    Switch,
}
use Takes::{Switch, Value};

const LISTS: &str = "objects are not listed for each request, so nothing has to be slowed down";
const KLOG: &str = "logs are lines on standard error; use -v for their verbosity";
const AUDIT: &str = "there is no audit log; -v 4 logs each request that gets no answer";
const PROFILE: &str = "there is no Go runtime to profile";
const FAIRNESS: &str = "connections and requests have fixed limits of their own";
const GATES: &str = "there are no feature gates";
const EGRESS: &str = "connections go out directly";
const LIMITS: &str = "requests have fixed limits of their own";
const SHARING: &str = "the port is not shared";
const SNI: &str = "one certificate is shown to everybody; name all hosts in it";
const LOOKUP: &str = "whom to trust is asked for again until the cluster says it; until then only \
                      tokens count, and the server is not ready";
const NAME: &str = "no answer holds a URL of this server";
const ETCD: &str = "nothing is stored";

/// Every flag, what it takes, and why it does nothing here.
const FLAGS: &[(&str, Takes, &str)] = &[
    ("client-qps", Value, LISTS),
    ("client-burst", Value, LISTS),
    ("logtostderr", Switch, KLOG),
    ("alsologtostderr", Switch, KLOG),
    ("add_dir_header", Switch, KLOG),
    ("log_backtrace_at", Value, KLOG),
    ("log_dir", Value, KLOG),
    ("log_file", Value, KLOG),
    ("log_file_max_size", Value, KLOG),
    ("log-flush-frequency", Value, KLOG),
    ("log-json-info-buffer-size", Value, KLOG),
    ("log-json-split-stream", Switch, KLOG),
    ("log-text-info-buffer-size", Value, KLOG),
    ("log-text-split-stream", Switch, KLOG),
    ("logging-format", Value, KLOG),
    ("one_output", Switch, KLOG),
    ("skip_headers", Switch, KLOG),
    ("skip_log_headers", Switch, KLOG),
    ("stderrthreshold", Value, KLOG),
    ("vmodule", Value, KLOG),
    ("audit-log-batch-buffer-size", Value, AUDIT),
    ("audit-log-batch-max-size", Value, AUDIT),
    ("audit-log-batch-max-wait", Value, AUDIT),
    ("audit-log-batch-throttle-burst", Value, AUDIT),
    ("audit-log-batch-throttle-enable", Switch, AUDIT),
    ("audit-log-batch-throttle-qps", Value, AUDIT),
    ("audit-log-compress", Switch, AUDIT),
    ("audit-log-format", Value, AUDIT),
    ("audit-log-maxage", Value, AUDIT),
    ("audit-log-maxbackup", Value, AUDIT),
    ("audit-log-maxsize", Value, AUDIT),
    ("audit-log-mode", Value, AUDIT),
    ("audit-log-path", Value, AUDIT),
    ("audit-log-truncate-enabled", Switch, AUDIT),
    ("audit-log-truncate-max-batch-size", Value, AUDIT),
    ("audit-log-truncate-max-event-size", Value, AUDIT),
    ("audit-log-version", Value, AUDIT),
    ("audit-policy-file", Value, AUDIT),
    ("audit-webhook-batch-buffer-size", Value, AUDIT),
    ("audit-webhook-batch-initial-backoff", Value, AUDIT),
    ("audit-webhook-batch-max-size", Value, AUDIT),
    ("audit-webhook-batch-max-wait", Value, AUDIT),
    ("audit-webhook-batch-throttle-burst", Value, AUDIT),
    ("audit-webhook-batch-throttle-enable", Switch, AUDIT),
    ("audit-webhook-batch-throttle-qps", Value, AUDIT),
    ("audit-webhook-config-file", Value, AUDIT),
    ("audit-webhook-initial-backoff", Value, AUDIT),
    ("audit-webhook-mode", Value, AUDIT),
    ("audit-webhook-truncate-enabled", Switch, AUDIT),
    ("audit-webhook-truncate-max-batch-size", Value, AUDIT),
    ("audit-webhook-truncate-max-event-size", Value, AUDIT),
    ("audit-webhook-version", Value, AUDIT),
    ("profiling", Switch, PROFILE),
    ("contention-profiling", Switch, PROFILE),
    ("debug-socket-path", Value, PROFILE),
    ("enable-priority-and-fairness", Switch, FAIRNESS),
    ("feature-gates", Value, GATES),
    ("egress-selector-config-file", Value, EGRESS),
    ("max-requests-inflight", Value, LIMITS),
    ("max-mutating-requests-inflight", Value, LIMITS),
    ("min-request-timeout", Value, LIMITS),
    ("request-timeout", Value, LIMITS),
    ("goaway-chance", Value, LIMITS),
    ("livez-grace-period", Value, LIMITS),
    ("permit-address-sharing", Switch, SHARING),
    ("permit-port-sharing", Switch, SHARING),
    ("storage-backend", Value, ETCD),
    ("tls-sni-cert-key", Value, SNI),
    ("authentication-tolerate-lookup-failure", Switch, LOOKUP),
    ("http2-max-streams-per-connection", Value, LIMITS),
    ("external-hostname", Value, NAME),
];

/// Those of [`FLAGS`] that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IgnoredFlags(Vec<&'static str>);

impl IgnoredFlags {
    /// A line for each flag that was given.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let given = FLAGS.iter().filter(|(name, ..)| self.0.contains(name));
        given.map(|(name, _, why)| format!("--{name} does nothing here: {why}"))
    }
}

impl clap::FromArgMatches for IgnoredFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let names = FLAGS.iter().map(|(name, ..)| *name);
        self.0 = names.filter(|name| matches.contains_id(name)).collect();
        Ok(())
    }
}

impl clap::Args for IgnoredFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, (name, takes, _)| {
            let arg = Arg::new(*name)
                .long(*name)
                .hide(true)
                .action(ArgAction::Append);
            command.arg(match takes {
                Value => arg.num_args(1).allow_hyphen_values(true),
                Switch => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
