#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `strftime_now`: the moment of `TemplateLimits`, in UTC.
extension Interpreter {
    func moment(_ format: Text) throws(TemplateError) -> Value {
        let seconds = limits.moment ?? Int(time(nil))
        let days = Interpreter.floored(seconds, 86_400)
        guard days > -719_162, days < 2_932_897 else { throw failed("year is out of range") }
        let clock = seconds - days * 86_400
        let date = Interpreter.date(days)
        let weekday = ((days + 4) % 7 + 7) % 7
        let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60)
        let yearDay = days - Interpreter.days(year: date.year, month: 1, day: 1) + 1
        var result = ""
        var scalars = format.scalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            guard var code = scalars.next() else { throw notEvaluated("strftime format '%'") }
            let isBare = code == "-"
            if isBare { code = scalars.next() ?? "%" }
            func number(_ value: Int, _ width: Int = 2) -> String {
                let digits = String(value)
                return isBare ? digits : String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
            }
            switch code {
            case "Y": result += String(date.year)
            case "y": result += number(date.year % 100)
            case "m": result += number(date.month)
            case "d": result += number(date.day)
            case "H": result += number(hour)
            case "I": result += number((hour + 11) % 12 + 1)
            case "M": result += number(minute)
            case "S": result += number(second)
            case "j": result += number(yearDay, 3)
            case "p" where !isBare: result += hour < 12 ? "AM" : "PM"
            case "A" where !isBare: result += weekdays[weekday]
            case "a" where !isBare: result += weekdays[weekday].prefix(3)
            case "B" where !isBare: result += months[date.month - 1]
            case "b" where !isBare: result += months[date.month - 1].prefix(3)
            case "F" where !isBare: result += "\(date.year)-\(number(date.month))-\(number(date.day))"
            case "T" where !isBare: result += "\(number(hour)):\(number(minute)):\(number(second))"
            case "%" where !isBare: result += "%"
            default: throw notEvaluated("strftime format '%\(isBare ? "-" : "")\(code)'")
            }
            try spend(bytes: 64)
        }
        return try text(Text(result))
    }

    private static func floored(_ value: Int, _ divisor: Int) -> Int {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    /// Days since 1970-01-01 of a date, in eras of 400 years that begin in March.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = floored(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floored(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
