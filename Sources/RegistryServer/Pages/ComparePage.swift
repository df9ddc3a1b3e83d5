import RegistryCore
import RegistryOperations

/// What `compare.mustache` shows.
struct ComparePage {
    struct Side {
        let letter: String
        let name: String
        let path: String
        let commit: String
        let state: String

        init(_ letter: String, _ side: Comparison.Side) {
            self.letter = letter
            name = side.repository.description
            path = "/\(side.repository)"
            commit = side.commit?.hex ?? "no commit"
            state = side.state.rawValue
        }
    }

    struct Line {
        let text: String
    }

    struct Row {
        let name: String
        let a: String
        let b: String
        let isSame: Bool
    }

    struct CheckRow {
        let name: String
        let outcomeOfA: String
        let styleOfA: String
        let a: String
        let outcomeOfB: String
        let styleOfB: String
        let b: String
        let isSame: Bool

        init(_ pair: Comparison.CheckPair) {
            name = pair.name
            outcomeOfA = pair.a?.outcome ?? "not asked"
            styleOfA = ModelPage.Style.of(pair.a?.outcome ?? "skipped")
            a = pair.a?.value ?? ""
            outcomeOfB = pair.b?.outcome ?? "not asked"
            styleOfB = ModelPage.Style.of(pair.b?.outcome ?? "skipped")
            b = pair.b?.value ?? ""
            isSame = !pair.differs
        }
    }

    struct MeasurementRow {
        let name: String
        let a: String
        let b: String
        let difference: String
        let isSame: Bool

        init(_ pair: Comparison.MeasurementPair) {
            name = pair.name
            a = pair.textOfA
            b = pair.textOfB
            isSame = pair.a == pair.b
            difference = isSame ? "" : [pair.signed, pair.percent].filter { !$0.isEmpty }.joined(separator: ", ")
        }
    }

    struct TextRow {
        let language: String
        let prompt: String
        let a: String
        let b: String

        init(_ pair: Comparison.TextPair) {
            language = pair.language
            prompt = pair.prompt
            a = Self.shown(pair.a)
            b = Self.shown(pair.b)
        }

        private static func shown(_ text: String?) -> String {
            guard let text else { return "(not asked)" }
            guard !text.isEmpty else { return "(nothing)" }
            let scalars = text.unicodeScalars
            let beginning = String(String.UnicodeScalarView(scalars.prefix(2000)))
            return scalars.count > 2000
                ? beginning + "… (\(Quantity.grouped(Int64(scalars.count))) characters)" : beginning
        }
    }

    struct FileRow {
        let path: String
        let a: String
        let b: String

        init(_ pair: Comparison.FilePair) {
            path = pair.path
            a = pair.a.map(Quantity.bytes) ?? "–"
            b = pair.b.map(Quantity.bytes) ?? "–"
        }
    }

    let title: String
    let stylesheet: String
    let sides: [Side]
    let cautions: [Line]
    let facts: [Row]
    let hasChecks: Bool
    let checkWords: String
    let checks: [CheckRow]
    let hasMeasurements: Bool
    let measurements: [MeasurementRow]
    let hasTexts: Bool
    let textWords: String
    let texts: [TextRow]
    let fileWords: String
    let hasFiles: Bool
    let files: [FileRow]

    init(_ comparison: Comparison, stylesheet: String) {
        title = "\(comparison.a.name) and \(comparison.b.name)"
        self.stylesheet = stylesheet
        sides = [Side("A", comparison.a), Side("B", comparison.b)]
        cautions = comparison.cautions.map(Line.init)
        facts = comparison.facts.map { Row(name: $0.name, a: $0.a, b: $0.b, isSame: !$0.differs) }
        checks = comparison.checks.map(CheckRow.init)
        hasChecks = !checks.isEmpty
        let differing = comparison.checks.count(where: \.differs)
        checkWords =
            differing == 0 ? "All \(checks.count) have the same outcome." : "\(differing) of \(checks.count) differ."
        measurements = comparison.measurements.map(MeasurementRow.init)
        hasMeasurements = !measurements.isEmpty
        let others = comparison.texts.filter(\.differs)
        texts = others.map(TextRow.init)
        hasTexts = !comparison.texts.isEmpty
        textWords = "\(comparison.texts.count - others.count) of \(comparison.texts.count) texts are the same."
        files = comparison.files.map(FileRow.init)
        hasFiles = !files.isEmpty
        fileWords =
            files.isEmpty
            ? "All \(comparison.sameFiles) files are the same." : "\(comparison.sameFiles) other files are the same."
    }
}
