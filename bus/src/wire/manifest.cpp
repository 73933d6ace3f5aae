#include "wire/big_endian.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <algorithm>
#include <bit>

namespace xfsbus::wire {
namespace {

constexpr std::string_view manifest_magic("XFM\1", 4);  // the last byte is the version
constexpr std::size_t algorithm_bytes_max = 32;
// magic, file_bytes, chunk_bytes, digest_bytes, length of the algorithm's name
constexpr std::size_t fixed_bytes = 4 + 8 + 4 + 1 + 1;

Error refuse(std::string_view why) {
    return {Errc::integrity, "not a valid manifest: " + std::string(why)};
}

}  // namespace

std::uint32_t chunk_size_for(std::uint64_t file_bytes) {
    std::uint64_t const target =
        std::min<std::uint64_t>(file_bytes / 1024, limits::chunk_bytes_max);
    return std::max(limits::chunk_bytes_min, static_cast<std::uint32_t>(std::bit_ceil(target)));
}

std::string_view Manifest::chunk_digest(std::uint32_t chunk) const {
    return std::string_view(digests).substr(std::size_t{chunk} * digest_bytes, digest_bytes);
}

bool valid_algorithm(std::string_view name) {
    return !name.empty() && name.size() <= algorithm_bytes_max &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::string encode_manifest(Manifest const& manifest) {
    std::string out(manifest_magic);
    out.reserve(fixed_bytes + manifest.algorithm.size() + manifest.digests.size());
    append_big_endian(out, manifest.file_bytes);
    append_big_endian(out, manifest.chunk_bytes);
    append_big_endian(out, static_cast<std::uint8_t>(manifest.digest_bytes));
    append_big_endian(out, static_cast<std::uint8_t>(manifest.algorithm.size()));
    out += manifest.algorithm;
    out += manifest.digests;
    return out;
}

Result<Manifest> decode_manifest(std::string_view bytes) {
    if (bytes.size() < fixed_bytes || !bytes.starts_with(manifest_magic)) {
        return refuse("it does not begin like one of this version");
    }
    Manifest manifest;
    manifest.file_bytes = read_big_endian<std::uint64_t>(bytes, 4);
    manifest.chunk_bytes = read_big_endian<std::uint32_t>(bytes, 12);
    manifest.digest_bytes = read_big_endian<std::uint8_t>(bytes, 16);
    std::size_t const algorithm_bytes = read_big_endian<std::uint8_t>(bytes, 17);
    manifest.algorithm = bytes.substr(fixed_bytes, algorithm_bytes);
    if (!valid_algorithm(manifest.algorithm) || manifest.algorithm.size() != algorithm_bytes) {
        return refuse("the algorithm's name is malformed");
    }
    if (manifest.file_bytes > limits::file_bytes) {
        return refuse("the file is larger than 4 TiB");
    }
    if (manifest.chunk_bytes != chunk_size_for(manifest.file_bytes)) {
        return refuse("the size of its chunks does not follow from the size of the file");
    }
    if (manifest.digest_bytes < limits::digest_bytes_min ||
        manifest.digest_bytes > limits::digest_bytes_max) {
        return refuse("the size of its digests is out of range");
    }
    manifest.digests = bytes.substr(fixed_bytes + algorithm_bytes);
    if (manifest.digests.size() != std::size_t{manifest.layout().chunks} * manifest.digest_bytes) {
        return refuse("the number of digests does not follow from the size of the file");
    }
    return manifest;
}

}  // namespace xfsbus::wire
