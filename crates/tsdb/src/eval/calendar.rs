//! Functions of the calendar, in UTC.

use concertina_promql::ast::Function;

/// Go counts seconds, without a sign, from the beginning of the year -292,277,022,399 on: so many
/// lie before 1970.
const BEFORE_1970: u64 = 9_223_372_028_715_321_600;

const DAY: u64 = 86_400;

/// The seconds from Go's beginning on. What is no `i64` is the smallest one, as amd64 converts.
fn from_the_beginning(seconds: f64) -> u64 {
    let whole = if super::aggregate::fits_i64(seconds) {
        seconds as i64
    } else {
        i64::MIN
    };
    BEFORE_1970.wrapping_add_signed(whole)
}

/// The part of the date that `function` names, of a time in seconds.
pub(super) fn part(function: Function, seconds: f64) -> Option<f64> {
    let seconds = from_the_beginning(seconds);
    let days = (seconds / DAY) as i64 - (BEFORE_1970 / DAY) as i64;
    let second = (seconds % DAY) as i64;
    let (year, month, day) = civil(days);
    let value = match function {
        Function::Minute => second / 60 % 60,
        Function::Hour => second / 3600,
        // The first of January 1970 was a Thursday.
        Function::DayOfWeek => (days + 4).rem_euclid(7),
        Function::DayOfMonth => day,
        Function::DayOfYear => days - days_before(year, 1) + 1,
        Function::DaysInMonth => {
            let (next_year, next) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
            days_before(next_year, next) - days_before(year, month)
        }
        Function::Month => month,
        Function::Year => year,
        _ => return None,
    };
    Some(value as f64)
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar. Years begin in
/// March here, so that the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let months = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * months + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_numbers_that_are_no_time_are_those_of_go_on_amd64() {
        // What Prometheus 2.42 answers.
        for seconds in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(part(Function::Year, seconds), Some(292_277_026_596.0));
            assert_eq!(part(Function::Month, seconds), Some(12.0));
            assert_eq!(part(Function::DayOfMonth, seconds), Some(4.0));
            assert_eq!(part(Function::Hour, seconds), Some(15.0));
            assert_eq!(part(Function::Minute, seconds), Some(30.0));
            assert_eq!(part(Function::DayOfWeek, seconds), Some(0.0));
            assert_eq!(part(Function::DayOfYear, seconds), Some(339.0));
            assert_eq!(part(Function::DaysInMonth, seconds), Some(31.0));
        }
        let part = |function| part(function, -1.0);
        assert_eq!(part(Function::Year), Some(1969.0));
        assert_eq!(part(Function::DayOfYear), Some(365.0));
        assert_eq!(part(Function::DayOfWeek), Some(3.0));
    }
}
