//! The memory that the decoder of `/api/v1/series` takes: by what differs, not by how many series.
#![cfg(feature = "prometheus")]
#![allow(clippy::unwrap_used, reason = "tests")]

use allocation_counter::{AllocationInfo, measure};
use concertina_sources::prometheus::SeriesDecoder;

const NAMES: usize = 25;

/// As of a cluster of nodes with 8 GPUs: no two series have the same label values.
fn body(series: usize) -> String {
    let one = |index: usize| {
        let (name, gpu, node) = (index % NAMES, index / NAMES % 8, index / NAMES / 8);
        format!(
            r#"{{"__name__":"DCGM_{name}","Hostname":"node-{node}","UUID":"GPU-{node}-{gpu}","gpu":"{gpu}","job":"dcgm-exporter","namespace":"team-{}","pod":"train-{node}-{gpu}"}}"#,
            node % 20
        )
    };
    let all: Vec<String> = (0..series).map(one).collect();
    format!(r#"{{"status":"success","data":[{}]}}"#, all.join(","))
}

/// What decoding takes; the pieces are those of a connection.
fn taken(body: &str) -> AllocationInfo {
    let mut listed = Vec::new();
    let taken = measure(|| {
        let mut decoder = SeriesDecoder::new();
        for piece in body.as_bytes().chunks(8192) {
            decoder.push(piece);
        }
        listed = decoder.finish().series.unwrap();
    });
    assert_eq!(listed.len(), NAMES);
    taken
}

#[test]
fn a_hundred_times_the_series_take_the_same_memory() {
    let (few, many) = (body(1_000), body(100_000));
    let (of_few, of_many) = (taken(&few), taken(&many));
    assert_eq!(of_few.bytes_current, of_many.bytes_current);
    // The only other memory is that of the series which the end of a piece cuts in two.
    assert!(
        of_many.bytes_max < of_few.bytes_max + 4096,
        "{of_few:?}, {of_many:?}"
    );
    assert!(of_many.bytes_max < 64 << 10, "{of_many:?}");
    println!(
        "{} bytes of series: {} bytes at most, {} held, {} allocations",
        many.len(),
        of_many.bytes_max,
        of_many.bytes_current,
        of_many.count_total
    );
}
