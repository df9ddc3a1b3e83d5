import ArgumentParser
import Foundation
import RegistryCore

/// What goes to standard output: a table for people, JSON for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

struct OutputOptions: ParsableArguments {
    @Option(help: "table for people, json for programs.")
    var format: OutputFormat = .table

    /// Prints `value` as JSON, or what `lines` makes of it.
    func print<Value: Encodable>(_ value: Value, lines: (Value) -> [String]) throws {
        switch format {
        case .table: for line in lines(value) { Swift.print(line) }
        case .json:
            let encoder = JSONEncoder()
            // A broken model's logits may be NaN, which JSON has no number for.
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
        }
    }
}

/// Columns as wide as their widest cell; the last one is left ragged.
struct Table {
    let head: [String]
    var rows: [[String]] = []

    var lines: [String] {
        let cells = [head] + rows.map { $0.map(\.oneLine) }
        let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            zip(row, widths).enumerated().map { index, cell in
                index == head.count - 1 ? cell.0 : cell.0.padding(toLength: cell.1, withPad: " ", startingAt: 0)
            }.joined(separator: "  ")
        }
    }
}

extension String {
    /// Nothing that could steer the terminal, however it came into the catalogue.
    fileprivate var oneLine: String { String(printable.prefix(400)) }
}
