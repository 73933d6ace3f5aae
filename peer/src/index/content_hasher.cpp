#include "index/content_hasher.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::peer::index {
namespace {

/// Every chunk is a whole number of these, but for the end of the file; fits the second-level
/// cache, so that the hash reads what was just written there.
constexpr std::size_t piece_bytes = wire::limits::chunk_bytes_min;

}  // namespace

ContentHasher::ContentHasher(std::shared_ptr<policies::HashAlgorithm const> algorithm)
    : algorithm_(std::move(algorithm)), buffer_(piece_bytes) {}

policies::Integrity& ContentHasher::integrity() {
    if (integrity_ == nullptr) {
        integrity_ = algorithm_->make();
    }
    return *integrity_;
}

std::optional<ContentHasher::Content> ContentHasher::describe(std::uint64_t bytes, Read const& read,
                                                              GoOn const& go_on) {
    try {
        return describe_chunks(bytes, read, go_on);
    } catch (...) {
        integrity_.reset();  // it is in the middle of a message
        throw;
    }
}

std::optional<ContentHasher::Content> ContentHasher::describe_chunks(std::uint64_t bytes,
                                                                     Read const& read,
                                                                     GoOn const& go_on) {
    wire::Manifest manifest;
    manifest.algorithm = algorithm_->name();
    manifest.file_bytes = bytes;
    manifest.chunk_bytes = wire::chunk_size_for(bytes);
    manifest.digest_bytes = static_cast<std::uint32_t>(algorithm_->digest_size());
    manifest.digests.resize(std::size_t{manifest.layout().chunks} * manifest.digest_bytes);
    auto digests = std::as_writable_bytes(std::span(manifest.digests));

    std::uint64_t offset = 0;
    std::uint64_t chunk_end = std::min<std::uint64_t>(manifest.chunk_bytes, bytes);
    while (offset < bytes) {
        auto const wanted = std::min<std::uint64_t>(piece_bytes, chunk_end - offset);
        auto const piece = std::span(buffer_).first(wanted);
        auto const got = read(piece, offset);
        integrity().update(piece.first(got));
        offset += got;
        bool const cut = got < wanted;
        if (offset == chunk_end || cut) {
            integrity().finish(digests.first(manifest.digest_bytes));
            if (!go_on(cut) || cut) {
                return std::nullopt;
            }
            digests = digests.subspan(manifest.digest_bytes);
            chunk_end = std::min(chunk_end + manifest.chunk_bytes, bytes);
        }
    }
    auto canonical = std::make_shared<std::string const>(wire::encode_manifest(manifest));
    auto const id = content_id(*canonical);
    return Content{id, std::move(canonical)};
}

wire::ContentId ContentHasher::content_id(std::string_view manifest) {
    integrity().update(std::as_bytes(std::span(manifest)));
    digest_.resize(algorithm_->digest_size());
    integrity().finish(std::as_writable_bytes(std::span(digest_)));
    return wire::ContentId::from(digest_).value_or(wire::ContentId{});
}

}  // namespace xfsbus::peer::index
