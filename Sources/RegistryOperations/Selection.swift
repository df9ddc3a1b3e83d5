import ModelFormats
import RegistryCore
import RegistryPolicy
import RegistryUpstream

/// Which files of a commit are wanted: those in allowed formats, judged by name before anything is fetched. What they
/// really are, inspection finds out.
struct Selection {
    let wanted: [UpstreamFile]
    let leftOut: [LeftOutFile]

    init(_ files: [UpstreamFile], allowed: Policy.Formats) {
        let formats = files.map { FileFormat.byExtension($0.path.text) }
        wanted = zip(files, formats).filter { allowed.allowed.contains($1.rawValue) }.map { $0.0 }
        leftOut = zip(files, formats).filter { !allowed.allowed.contains($1.rawValue) }
            .map { LeftOutFile(path: $0.path.text, format: $1.rawValue) }
    }

    var weights: [String] { wanted.map(\.path.text).filter(Self.isWeight) }

    static func isWeight(_ path: String) -> Bool {
        switch FileFormat.byExtension(path) {
        case .safetensors, .gguf: true
        case .json, .text, .sentencepiece, .pickle, .zip, .image, .other: false
        }
    }
}
