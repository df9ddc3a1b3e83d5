import Foundation

/// A file of random weights, in a folder that can be run as a model.
struct BenchModelFile: Sendable {
    let shape: BenchShape
    let type: StoredType
    let isGGUF: Bool
    /// Where the folder lies, e.g. `~/.cache/lapidary/bench/gemma-3-1b-1/q8_0-gguf`.
    let folder: String

    static let seed: UInt64 = 1

    init(shape: BenchShape, type: StoredType, isGGUF: Bool, cache: String) {
        self.shape = shape
        self.type = type
        self.isGGUF = isGGUF
        folder = "\(cache)/\(shape.name)-\(Self.seed)/\(type.rawValue.lowercased())-\(isGGUF ? "gguf" : "safetensors")"
    }

    var name: String { "\(type.rawValue) \(isGGUF ? "GGUF" : "safetensors")" }
    var path: String { "\(folder)/model.\(isGGUF ? "gguf" : "safetensors")" }

    /// Outside every repository: `$XDG_CACHE_HOME/lapidary/bench`, else `~/.cache/lapidary/bench`.
    static func cacheFolder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let caches = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (caches ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache") + "/lapidary/bench"
    }

    /// The bytes before the data, where each tensor begins after them, and the file's size.
    func layout() -> (header: [UInt8], offsets: [Int], size: Int) {
        let (header, offsets) = isGGUF ? ggufHeader() : safetensorsHeader()
        let last = shape.tensors.count - 1
        return (
            header, offsets,
            header.count + offsets[last] + stored(shape.tensors[last]).byteCount(shape.tensors[last].count)
        )
    }

    /// Norms stay F32 in GGUF, and a Q4_0 file keeps its embedding in Q8_0, as llama-quantize does for rows that
    /// 256 does not divide.
    func stored(_ tensor: BenchShape.Tensor) -> StoredType {
        guard isGGUF else { return type }
        return tensor.isNorm ? .f32 : tensor.isEmbedding && type == .q4 ? .q8 : type
    }

    private func safetensorsHeader() -> ([UInt8], [Int]) {
        var entries: [String] = [], offsets: [Int] = [], end = 0
        for tensor in shape.tensors {
            offsets.append(end)
            end += type.byteCount(tensor.count)
            entries.append(
                #""\#(tensor.name)":{"dtype":"\#(type.rawValue)","shape":\#(tensor.shape),"#
                    + #""data_offsets":[\#(offsets[offsets.count - 1]),\#(end)]}"#)
        }
        var json = Array("{\(entries.joined(separator: ","))}".utf8)
        json += [UInt8](repeating: 0x20, count: 7 - (json.count + 7) % 8)
        return ((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json, offsets)
    }
}
