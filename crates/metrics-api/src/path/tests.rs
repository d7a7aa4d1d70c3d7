use proptest::prelude::*;

use super::*;

const V1: &str = "/apis/custom.metrics.k8s.io/v1beta1";

fn metric(path: &str, query: &str) -> CustomMetricRequest {
    match parse(&format!("{V1}{path}"), query) {
        Ok(Request::Metric(request)) => *request,
        other => panic!("{path}: {other:?}"),
    }
}

fn error(path: &str, query: &str) -> PathError {
    parse(&format!("{V1}{path}"), query).unwrap_err()
}

#[test]
fn routes_of_metrics() {
    let all = Objects::Matching("".parse().unwrap());
    let named = |name: &str| Objects::Named(name.to_owned());
    // Path, namespace, resource, objects.
    let routes = [
        ("/namespaces/ns/pods/*/m", Some("ns"), "pods", all.clone()),
        ("/namespaces/ns/pods/%2a/m", Some("ns"), "pods", all.clone()),
        ("/namespaces/ns/pods/p/m/", Some("ns"), "pods", named("p")),
        (
            "/namespaces/ns/deployments.apps/d/m",
            Some("ns"),
            "deployments.apps",
            named("d"),
        ),
        (
            "/namespaces/ns/pods.v1./*/m",
            Some("ns"),
            "pods.v1.",
            all.clone(),
        ),
        ("/nodes/n/m", None, "nodes", named("n")),
        ("/nodes/*/m", None, "nodes", all.clone()),
        ("/namespaces/ns/metrics/m", None, "namespaces", named("ns")),
        ("/namespaces/*/metrics/m", None, "namespaces", all.clone()),
        (
            "/namespaces/ns/namespaces/x/m",
            Some("ns"),
            "namespaces",
            named("x"),
        ),
        // A `+` is a space in a query only.
        ("/nodes/a+b/m", None, "nodes", named("a+b")),
    ];
    for (path, namespace, resource, objects) in routes {
        let request = metric(path, "");
        assert_eq!(request.metric.namespace.as_deref(), namespace, "{path}");
        assert_eq!(request.metric.resource.to_string(), resource, "{path}");
        assert_eq!(request.objects, objects, "{path}");
        assert_eq!(request.metric.name, "m", "{path}");
    }
}

#[test]
fn paths_that_are_no_request() {
    for path in ["/namespaces/default/pods", "/namespaces/default/metrics"] {
        assert_eq!(error(path, ""), PathError::InvalidPath, "{path}");
    }
    let unknown = [
        "/nodes",
        "/nodes/n",
        "/namespaces/ns",
        "/namespaces/ns/pods/*",
        "//n/m",
    ];
    for path in unknown
        .into_iter()
        .chain(["/nodes/n/m/x", "/nodes//m", "/nodes/n%2Fx/m"])
    {
        assert_eq!(error(path, ""), PathError::NoSuchResource, "{path}");
    }
    assert_eq!(
        parse("/apis/custom.metrics.k8s.io/v1", ""),
        Err(PathError::NoSuchResource)
    );
    for path in [
        "",
        "x",
        "/api",
        "/apis/apps",
        "/apis/apps/v1",
        "/openapi",
        "/healthz/ping/",
    ] {
        let expected = match path {
            // One trailing slash counts as none.
            "/healthz/ping/" => parse("/healthz/ping", ""),
            _ => Err(PathError::UnknownPath),
        };
        assert_eq!(parse(path, ""), expected, "{path}");
    }
    for path in ["/nodes/%/m", "/nodes/%4/m", "/nodes/%zz/m", "/nodes/%ff/m"] {
        assert_eq!(
            error(path, ""),
            PathError::Encoding { part: "path" },
            "{path}"
        );
    }
    let long = "x".repeat(MAX_TARGET_BYTES);
    assert_eq!(
        parse("/", &long),
        Err(PathError::TooLong {
            limit: MAX_TARGET_BYTES
        })
    );
}

#[test]
fn discovery_and_health() {
    for (path, expected) in [
        ("/", Request::Index),
        ("/version", Request::Version),
        ("/apis/", Request::Groups),
        ("/apis/custom.metrics.k8s.io", Request::Group(Group::Custom)),
        ("/openapi/v2", Request::OpenApiV2),
        ("/openapi/v3/", Request::OpenApiV3(None)),
        (
            "/openapi/v3/apis/metrics.k8s.io",
            Request::OpenApiV3(Some("apis/metrics.k8s.io".to_owned())),
        ),
        (
            "/apis/custom.metrics.k8s.io/v1beta2/",
            Request::Resources(GroupVersion::CustomV1beta2),
        ),
    ] {
        assert_eq!(parse(path, ""), Ok(expected), "{path}");
    }
    let health = |check: Option<&str>, verbose, exclude: &[&str]| {
        Ok(Request::Health(HealthRequest {
            endpoint: HealthEndpoint::Livez,
            check: check.map(str::to_owned),
            verbose,
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
        }))
    };
    assert_eq!(parse("/livez", "verbose"), health(None, true, &[]));
    assert_eq!(
        parse("/livez", "exclude=a&exclude=b"),
        health(None, false, &["a", "b"])
    );
    let ping = health(Some("ping"), false, &[]);
    assert_eq!(parse("/livez/ping", "verbose"), ping);
}

#[test]
fn routes_of_external_metrics() {
    let path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/queue_length";
    let Ok(Request::External(asked)) = parse(path, "labelSelector=queue%3Da") else {
        panic!("no external request");
    };
    assert_eq!((&*asked.namespace, &*asked.name), ("ns", "queue_length"));
    assert_eq!(asked.selector, "queue=a".parse().unwrap());
    for path in ["/queue_length", "/namespaces/ns", "/namespaces/ns/m/x"] {
        let path = format!("/apis/external.metrics.k8s.io/v1beta1{path}");
        assert_eq!(parse(&path, ""), Err(PathError::NoSuchResource), "{path}");
    }
}

#[test]
fn routes_of_resource_metrics() {
    let base = "/apis/metrics.k8s.io/v1beta1";
    let everything = || Objects::Matching(LabelSelector::everything());
    let named = || Objects::Named("x".to_owned());
    let pods = |namespace: Option<&str>| UsageOf::Pods(namespace.map(str::to_owned));
    for (path, of, objects) in [
        ("/nodes", UsageOf::Nodes, everything()),
        ("/nodes/x", UsageOf::Nodes, named()),
        ("/pods", pods(None), everything()),
        ("/namespaces/ns/pods", pods(Some("ns")), everything()),
        ("/namespaces/ns/pods/x", pods(Some("ns")), named()),
    ] {
        let Ok(Request::Usage(asked)) = parse(&format!("{base}{path}"), "") else {
            panic!("{path}");
        };
        assert_eq!((asked.of, asked.objects), (of, objects), "{path}");
    }
    for path in ["/pods/x", "/namespaces/ns", "/namespaces/ns/nodes", "/jobs"] {
        let path = format!("{base}{path}");
        assert_eq!(parse(&path, ""), Err(PathError::NoSuchResource), "{path}");
    }
    let fields = |query: &str| parse(&format!("{base}/pods"), &format!("fieldSelector={query}"));
    let Ok(Request::Usage(asked)) = fields("metadata.name%3Da,metadata.namespace!%3Db") else {
        panic!("no usage request");
    };
    assert!(asked.fields.matches("a", "c") && !asked.fields.matches("a", "b"));
    assert!(!asked.fields.matches("b", "c"));
    assert_eq!(
        fields("spec.nodeName%3Da"),
        Err(PathError::UnknownField("spec.nodeName=a".to_owned()))
    );
}

#[test]
fn selectors_come_from_the_query() {
    let request = metric(
        "/namespaces/ns/pods/*/m",
        "labelSelector=app%3Dx%2Ctier+in+%28a%2Cb%29&metricLabelSelector=gpu%3D0&limit=x&watch=1",
    );
    assert_eq!(
        request.objects,
        Objects::Matching("app=x,tier in (a,b)".parse().unwrap())
    );
    assert_eq!(request.metric.selector, "gpu=0".parse().unwrap());
    // The first of a repeated parameter counts.
    let request = metric("/nodes/*/m", "labelSelector=a%3Db&labelSelector=c%3Dd");
    assert_eq!(request.objects, Objects::Matching("a=b".parse().unwrap()));
    // What cannot be read is never taken for everything.
    assert_eq!(
        error("/nodes/*/m", "labelSelector=%"),
        PathError::Encoding {
            part: "labelSelector"
        }
    );
    for (query, named) in [
        ("labelSelector=%3D%3Dbad%21%21", "labelSelector"),
        ("metricLabelSelector=a%3D%3D%3Db", "metricLabelSelector"),
    ] {
        let PathError::Selector { parameter, .. } = error("/nodes/n/m", query) else {
            panic!("{query}");
        };
        assert_eq!(parameter, named);
    }
}

#[test]
fn a_field_selector_may_only_repeat_the_name() {
    for query in ["", "fieldSelector=", "fieldSelector=metadata.name%3Dn"] {
        assert_eq!(
            metric("/nodes/n/m", query).objects,
            Objects::Named("n".to_owned())
        );
    }
    assert!(
        parse(
            &format!("{V1}/nodes/n/m"),
            "fieldSelector=metadata.name%3D%3Dn"
        )
        .is_ok()
    );
    for query in [
        "fieldSelector=metadata.name%3Dx",
        "fieldSelector=spec.x%3Dn",
    ] {
        assert_eq!(
            error("/nodes/n/m", query),
            PathError::FieldSelector,
            "{query}"
        );
    }
}

#[test]
fn pretty_is_read_as_go_reads_a_bool() {
    for (query, pretty) in [
        ("pretty=true", true),
        ("a=b&pretty=1", true),
        ("pretty", false),
        ("pretty=yes", false),
    ] {
        assert_eq!(wants_pretty(query), pretty, "{query}");
    }
}

#[test]
fn texts() {
    let errors = [
        PathError::UnknownPath,
        PathError::Encoding { part: "path" },
        PathError::TooLong {
            limit: MAX_TARGET_BYTES,
        },
        error("/nodes/n/m", "metricLabelSelector=a%3D%3D%3Db"),
    ];
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(texts.join("\n"), @"
    nothing is served at this path; / lists the paths
    the path is not percent-encoded UTF-8
    the path and query are longer than 16384 bytes
    metricLabelSelector: column 4: found `=`, expected a value, `,` or the end
    ");
}

proptest! {
    #[test]
    fn any_path_and_query_is_answered(path in ".*", query in ".*") {
        let _ = parse(&path, &query);
        let _ = wants_pretty(&query);
    }

    #[test]
    fn any_path_of_the_group_is_answered(
        segments in prop::collection::vec("(namespaces|metrics|pods|\\*|%2A|%|[a-z%/]{0,4})", 0..7),
        query in "(labelSelector|fieldSelector|&|=|%3D|[ -~]){0,6}",
    ) {
        let _ = parse(&format!("{V1}/{}", segments.join("/")), &query);
    }

    /// Whatever the names are, they come out as they went in.
    #[test]
    fn names_survive_encoding(
        namespace in "[^/]{1,8}",
        name in "[^/*][^/]{0,8}",
        metric_name in "[^/]{1,8}",
    ) {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let path = format!(
            "/namespaces/{}/pods/{}/{}", encode(&namespace), encode(&name), encode(&metric_name)
        );
        let request = metric(&path, "");
        prop_assert_eq!(request.metric.namespace, Some(namespace));
        prop_assert_eq!(request.objects, Objects::Named(name));
        prop_assert_eq!(request.metric.name, metric_name);
    }
}
