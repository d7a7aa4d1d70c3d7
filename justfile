# Everything that is done to this project, by name. `.ci/run` runs the same recipes.

export RUSTDOCFLAGS := "-D warnings"

# List the recipes.
default:
    @just --list

# The walkthrough, from GPU reading to scaled workload.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# All tests that need nothing but Rust.
test:
    cargo test --workspace

# Format check.
fmt:
    cargo fmt --all --check

# Lints, warnings denied.
clippy:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The documentation, broken links denied.
doc:
    cargo doc --workspace --no-deps --all-features

# Every feature alone, none, and all together.
features:
    cargo check -p concertina-model --no-default-features
    cargo check -p concertina-model --no-default-features --features yaml
    cargo check -p concertina-replicas --no-default-features
    cargo check -p concertina-replicas --no-default-features --features k8s-openapi --tests
    cargo check -p concertina-http --no-default-features
    cargo check -p concertina-http --no-default-features --features tls
    cargo check -p concertina-sources --no-default-features
    for feature in cache prometheus scrape scrape,tls query-api simulated nvml; do \
        cargo check -p concertina-sources --no-default-features --features $feature || exit 1; \
    done
    cargo check -p concertina-sources --all-features
    cargo check -p concertina-exporter --no-default-features
    cargo check -p concertina-exporter --features kubelet
    cargo check -p concertina-metrics-api --no-default-features
    cargo check -p concertina-metrics-api --features auth
    cargo check -p concertina-metrics-api --features watch --tests

# Tests against real parts: Debian's prometheus, hey and kubectl must be installed (.ci/run does it).
real:
    cargo test --workspace --no-fail-fast -- --ignored --skip on_a_gpu

# On a machine with an NVIDIA GPU and a python3 with PyTorch: the exporter beside nvidia-smi.
gpu:
    cargo test --release -p concertina --test export on_a_gpu -- --ignored --nocapture

# The examples run.
examples:
    for example in examples/examples/*.rs; do \
        cargo run -q -p concertina-examples --example "$(basename "$example" .rs)" || exit 1; \
    done

# The benchmarks, as a reader would run them.
bench *ARGS:
    cargo bench -p concertina-benches {{ARGS}}

# The benchmarks run once each, without measuring.
bench-smoke:
    cargo bench -p concertina-benches -- --test

# Fuzz every parser for SECONDS each. Works on stable Rust: no sanitizer is needed for safe code.
fuzz SECONDS="20":
    for target in $(cargo fuzz list); do \
        RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none "$target" -- -max_total_time={{SECONDS}} -max_len=4096 -verbosity=0 || exit 1; \
    done

# Licences, duplicate and banned crates, sources.
deny:
    cargo deny check bans licenses sources

# It builds with that toolchain, where it can be had; clippy's incompatible_msrv lint knows what of
# the standard library is newer.

# Neither our code nor a dependency asks for a newer Rust than Cargo.toml declares.
msrv:
    .ci/msrv

# What CI runs.
ci: fmt clippy test doc features msrv examples bench-smoke real fuzz deny
