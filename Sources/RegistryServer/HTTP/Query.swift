/// The query of a request target: names and values in order, decoded. What nobody asks for is ignored.
package struct Query {
    private let items: [(name: String, value: String)]

    /// - Parameter text: what follows the `?`, or a form body; at most 4,096 items are read.
    package init(_ text: some StringProtocol) {
        items = text.split(separator: "&", omittingEmptySubsequences: true).prefix(4096).compactMap { item in
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let plain = sides.map { PercentCoding.decode(String($0).replacing("+", with: " ")) }
            guard let name = plain.first ?? nil else { return nil }
            guard plain.count == 2 else { return (name, "") }
            return plain[1].map { (name, $0) }
        }
    }

    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// Every value of a name; `name[]` counts as `name`, because older clients write it so.
    package func all(_ name: String) -> [String] {
        items.filter { $0.name == name || $0.name == "\(name)[]" }.map(\.value)
    }

    /// True for `true`, `True` and `1` alone: clients send `recursive=false`, and presence is not truth.
    package func flag(_ name: String) -> Bool { ["true", "1"].contains(self[name]?.lowercased()) }
}
