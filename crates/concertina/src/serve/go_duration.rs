//! Durations as the flags of Go programs are written.

use std::time::Duration;

/// Reads `10m`, `1h30m`, `1.5h`, `10m0s`, `500ms`, `0`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: write it as 90s, 10m or 1h30m");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, after) = end
            .and_then(|end| rest.split_at_checked(end))
            .ok_or_else(wrong)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = after
            .split_at_checked(end.unwrap_or(after.len()))
            .ok_or_else(wrong)?;
        let unit = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        seconds += number * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn as_go_reads_them() {
        let read = |text: &str| match parse(text) {
            Ok(duration) => format!("{text}: {} s", duration.as_secs_f64()),
            Err(error) => error,
        };
        let texts = [
            "10m", "10m0s", "1h30m", "1.5h", "500ms", "0", "+5s", ".5s", "10", "", "5 m", "-1s",
            "1d", "s", "1..5s", "m10",
        ];
        insta::assert_snapshot!(texts.map(read).join("\n"), @r"
        10m: 600 s
        10m0s: 600 s
        1h30m: 5400 s
        1.5h: 5400 s
        500ms: 0.5 s
        0: 0 s
        +5s: 5 s
        .5s: 0.5 s
        `10` is no duration: write it as 90s, 10m or 1h30m
        `` is no duration: write it as 90s, 10m or 1h30m
        `5 m` is no duration: write it as 90s, 10m or 1h30m
        `-1s` is no duration: write it as 90s, 10m or 1h30m
        `1d` is no duration: write it as 90s, 10m or 1h30m
        `s` is no duration: write it as 90s, 10m or 1h30m
        `1..5s` is no duration: write it as 90s, 10m or 1h30m
        `m10` is no duration: write it as 90s, 10m or 1h30m
        ");
    }
}
