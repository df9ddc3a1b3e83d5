import RegistryCore

extension Comparison {
    package init(_ a: Side, _ b: Side) {
        self.a = a
        self.b = b
        facts = Self.facts(a, b)
        checks = Self.checks(a.smokeTest?.checks ?? [], b.smokeTest?.checks ?? [])
        measurements = Self.measurements(a.smokeTest?.test, b.smokeTest?.test)
        texts = Self.texts(a.smokeTest?.test?.texts ?? [], b.smokeTest?.test?.texts ?? [])
        (files, sameFiles) = Self.files(a.files, b.files)
        cautions = Self.cautions(a, b)
    }

    private static func facts(_ a: Side, _ b: Side) -> [Fact] {
        func fact(_ name: String, _ value: (Side) -> String?) -> Fact? {
            let (left, right) = (value(a), value(b))
            guard left != nil || right != nil else { return nil }
            return Fact(name: name, a: left ?? "-", b: right ?? "-")
        }
        func test(_ name: String, _ value: (SmokeTestRecord) -> String?) -> Fact? {
            fact(name) { $0.smokeTest?.test.flatMap(value) }
        }
        func inspected(_ name: String, _ key: String) -> Fact? { fact(name) { $0.inspection?.measurements[key] } }
        return [
            fact("state") { $0.state.rawValue + ($0.reason.isEmpty ? "" : ", \($0.reason)") },
            fact("smoke test") { $0.smokeTest.map { "\($0.outcome.rawValue), \($0.summary)" } ?? "not run" },
            fact("licence") { $0.licence ?? "not stated" },
            fact("descends from") { $0.baseModels.isEmpty ? nil : $0.baseModels.joined(separator: ", ") },
            fact("size") {
                Quantity.bytes($0.files.reduce(0) { $0.addingReportingOverflow($1.size).partialValue })
            },
            fact("files") { "\($0.files.count)" },
            inspected("architecture", "architecture"), inspected("parameters", "parameters"),
            inspected("data types", "dtypes"), inspected("context length", "contextLength"),
            test("class") { $0.modelClass?.rawValue }, test("tester build") { $0.identity.testerBuild },
            test("probe set") { "\($0.identity.probeSet) \($0.identity.probes.short)" },
            test("bounds") { $0.identity.bounds.short }, test("depth") { $0.identity.depth.rawValue },
            test("base") { $0.base }, test("sandbox") { $0.sandbox.isEmpty ? nil : $0.sandbox },
            test("machine") { $0.machine.text },
        ].compactMap { $0 }
    }

    /// By name, and where a name stands several times (a repository of several quantisations) by its place.
    private static func checks(_ a: [Evidence.Check], _ b: [Evidence.Check]) -> [CheckPair] {
        let (left, right) = (numbered(a.map { ($0.name, $0) }), numbered(b.map { ($0.name, $0) }))
        return keys(left, right).map { key in
            CheckPair(
                name: key.name, a: left.first { $0.0 == key }?.1, b: right.first { $0.0 == key }?.1)
        }
    }

    private static func texts(_ a: [SmokeTestRecord.Text], _ b: [SmokeTestRecord.Text]) -> [TextPair] {
        let left = numbered(a.map { ("\($0.language)\n\($0.prompt)", $0) })
        let right = numbered(b.map { ("\($0.language)\n\($0.prompt)", $0) })
        return keys(left, right).compactMap { key in
            let (mine, theirs) = (left.first { $0.0 == key }?.1, right.first { $0.0 == key }?.1)
            guard let either = mine ?? theirs else { return nil }
            return TextPair(language: either.language, prompt: either.prompt, a: mine?.text, b: theirs?.text)
        }
    }

    private struct Key: Hashable {
        let name: String
        let place: Int
    }

    private static func numbered<Value>(_ items: [(String, Value)]) -> [(Key, Value)] {
        var counts: [String: Int] = [:]
        return items.map { name, value in
            let place = counts[name, default: 0]
            counts[name] = place + 1
            return (Key(name: name, place: place), value)
        }
    }

    /// In a's order, then what only b has.
    private static func keys<Value>(_ a: [(Key, Value)], _ b: [(Key, Value)]) -> [Key] {
        let known = Set(a.map(\.0))
        return a.map(\.0) + b.map(\.0).filter { !known.contains($0) }
    }

    private static func measurements(_ a: SmokeTestRecord?, _ b: SmokeTestRecord?) -> [MeasurementPair] {
        func all(_ record: SmokeTestRecord?) -> [String: MeasuredNumber] {
            guard let record else { return [:] }
            var all = record.measurements
            all["seconds"] = MeasuredNumber(record.seconds)
            all["peakMemory"] = MeasuredNumber(Double(record.peakMemory))
            return all
        }
        let (left, right) = (all(a), all(b))
        return Set(left.keys).union(right.keys).sorted().map { name in
            let (mine, theirs) = (left[name], right[name])
            var difference: Double?
            var part: Double?
            if let mine, let theirs, mine.value.isFinite, theirs.value.isFinite {
                difference = theirs.value - mine.value
                part = mine.value == 0 ? nil : (theirs.value - mine.value) / abs(mine.value)
            }
            return MeasurementPair(
                name: name, a: mine, b: theirs, difference: difference.map { MeasuredNumber($0) },
                part: part.flatMap { $0.isFinite ? $0 : nil })
        }
    }

    private static func files(_ a: [FileEntry], _ b: [FileEntry]) -> (differing: [FilePair], same: Int) {
        // Paths are compared as bytes: String would take two spellings of one accent for one file.
        let left = Dictionary(a.map { (Array($0.path.text.utf8), $0) }) { first, _ in first }
        let right = Dictionary(b.map { (Array($0.path.text.utf8), $0) }) { first, _ in first }
        var pairs: [FilePair] = []
        var same = 0
        for key in Set(left.keys).union(right.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (mine, theirs) = (left[key], right[key])
            if let mine, let theirs, mine.digest == theirs.digest {
                same += 1
            } else if let path = mine?.path.text ?? theirs?.path.text {
                pairs.append(FilePair(path: path, a: mine?.size, b: theirs?.size))
            }
        }
        return (pairs, same)
    }

    private static func cautions(_ a: Side, _ b: Side) -> [String] {
        var cautions: [String] = []
        for side in [a, b] where side.smokeTest == nil { cautions.append("\(side.name) was never run here") }
        for side in [a, b] where side.smokeTest != nil && side.smokeTest?.test == nil {
            cautions.append("\(side.name) was tested by a build that recorded no measurements: re-test it")
        }
        if let mine = a.smokeTest?.test, let theirs = b.smokeTest?.test {
            let changes = mine.identity.changes(to: theirs.identity)
            if !changes.isEmpty {
                cautions.append("not tested under the same rules: \(changes.joined(separator: "; "))")
            }
            if mine.machine != theirs.machine {
                cautions.append("not tested on the same machine: times and memory do not compare")
            }
        }
        return cautions
    }
}

extension Comparison.MeasurementPair {
    package var textOfA: String { text(a) }
    package var textOfB: String { text(b) }

    private func text(_ measurement: MeasuredNumber?) -> String {
        guard let measurement else { return "-" }
        guard name == "peakMemory", let bytes = Int64(exactly: measurement.value) else { return measurement.text }
        return Quantity.bytes(bytes)
    }

    /// `+0.0312`; empty where one side has none.
    package var signed: String {
        guard let difference else { return "" }
        return (difference.value > 0 ? "+" : difference.value < 0 ? "-" : "")
            + text(MeasuredNumber(abs(difference.value)))
    }

    /// `+3.2 %`; empty where there is nothing to be a part of.
    package var percent: String {
        guard let part else { return "" }
        return "\(part > 0 ? "+" : "")\(Quantity.fixed(part * 100, 1)) %"
    }
}
