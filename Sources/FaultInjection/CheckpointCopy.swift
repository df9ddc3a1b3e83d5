import Foundation
package import ModelFormats

/// A copy of a checkpoint in a folder of its own, with its weights in memory, to be damaged. Not Sendable.
package final class CheckpointCopy {
    /// Tiny checkpoints only: everything is held in memory.
    static let maximumSize = 256 << 20

    package let folder: String
    package let isGGUF: Bool
    /// Written by ``save()``; a fault may take files away or add some.
    package var weights: [WeightFile]
    private var isChanged = false

    /// - Parameter path: a folder with the files of a model, or a GGUF file.
    /// - Throws: `ModelFormatError` when the weights are not sound, or over 256 MiB; an error of the system.
    package init(of path: String) throws {
        let model = try ModelFiles(path: path)
        folder = FileManager.default.temporaryDirectory.appending(path: "lapidary-fault-\(UUID().uuidString)").path
        let size = try model.entries.reduce(0) { try $0 + model.open($1.path).size }
        guard size <= Self.maximumSize else {
            throw ModelFormatError.tooLarge(
                file: path, what: "size in bytes of a checkpoint to be damaged", limit: Self.maximumSize, got: size)
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for entry in model.entries where !entry.path.contains("/") {
            try Data(model.open(entry.path).contents(limit: Self.maximumSize))
                .write(to: URL(filePath: folder + "/" + entry.path))
        }
        weights = try model.entries.filter { entry in
            let format = FileFormat.byExtension(entry.path)
            return !entry.path.contains("/") && (format == .safetensors || format == .gguf)
        }.map { try WeightFile(reading: model.open($0.path)) }
        isGGUF = weights.contains { if case .gguf = $0.head { true } else { false } }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What to test: the folder.
    package var path: String { folder }

    /// Writes the weights as they were read.
    package func rewriteUnchanged() throws {
        isChanged = true
        try save()
    }

    func save() throws {
        guard isChanged else { return }
        for file in weights { try write(file.name, file.encoded) }
        isChanged = false
    }

    // MARK: files

    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

    package func read(_ name: String) throws -> [UInt8] {
        guard exists(name) else { throw Fault.Inapplicable(description: "there is no \(name)") }
        return Array(try Data(contentsOf: URL(filePath: folder + "/" + name)))
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: folder + "/" + name))
    }

    package func remove(_ name: String) throws {
        guard exists(name) else { throw Fault.Inapplicable(description: "there is no \(name)") }
        try FileManager.default.removeItem(atPath: folder + "/" + name)
    }

    /// Changes a JSON file.
    package func edit(_ name: String, _ change: (inout JSONValue) throws -> Void) throws {
        var value = try JSONValue(parsing: try read(name), file: name)
        let before = value
        try change(&value)
        guard value != before else { throw Fault.Inapplicable(description: "\(name) already says so") }
        try write(name, Array(value.text.utf8))
    }

    // MARK: tensors

    package func has(_ name: String) -> Bool { weights.contains { $0.tensors.contains { $0.name == name } } }

    package var tensorNames: [String] { weights.flatMap { $0.tensors.map(\.name) } }

    package func tensor(_ name: String) throws -> WeightFile.StoredTensor {
        for file in weights { if let found = file.tensors.first(where: { $0.name == name }) { return found } }
        throw Fault.Inapplicable(description: "there is no tensor \(name)")
    }

    /// Changes a stored tensor.
    package func change(_ name: String, _ body: (inout WeightFile.StoredTensor) throws -> Void) throws {
        for file in weights.indices {
            if let index = weights[file].tensors.firstIndex(where: { $0.name == name }) {
                try body(&weights[file].tensors[index])
                isChanged = true
                return
            }
        }
        throw Fault.Inapplicable(description: "there is no tensor \(name)")
    }

    /// Writes a tensor's numbers anew, in its own type.
    package func changeNumbers(_ name: String, _ body: (inout [Float]) throws -> Void) throws {
        try change(name) { tensor in
            var numbers = try tensor.numbers
            try body(&numbers)
            try tensor.store(numbers)
        }
    }

    /// Exchanges the stored bytes of two tensors of one shape and type.
    package func swap(_ first: String, _ second: String) throws {
        let (a, b) = (try tensor(first), try tensor(second))
        guard a.shape == b.shape, a.element == b.element else {
            throw Fault.Inapplicable(description: "\(first) and \(second) differ in shape or type")
        }
        guard a.bytes != b.bytes else { throw Fault.Inapplicable(description: "\(first) and \(second) are equal") }
        try change(first) { $0.bytes = b.bytes }
        try change(second) { $0.bytes = a.bytes }
    }

    package func changeWeights(_ body: (inout [WeightFile]) throws -> Void) rethrows {
        try body(&weights)
        isChanged = true
    }

    /// Changes the metadata of a GGUF file; `architecture` is what its keys begin with.
    func changeMetadata(_ body: (inout GGUFHead, _ architecture: String) throws -> Void) throws {
        for file in weights.indices {
            guard case .gguf(var head) = weights[file].head else { continue }
            let architecture = head["general.architecture"].map {
                String(decoding: $0.value.dropFirst(8), as: UTF8.self)
            }
            try body(&head, architecture ?? "")
            weights[file].head = .gguf(head)
            isChanged = true
            return
        }
        throw Fault.Inapplicable(description: "there is no GGUF file")
    }
}
