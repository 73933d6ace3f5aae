#pragma once

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/integrity.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer::index {

/// Makes manifests of bytes, wherever they are read. One thread at a time.
class ContentHasher {
  public:
    struct Content {
        wire::ContentId id;
        std::shared_ptr<std::string const> manifest;  ///< canonical bytes
    };

    /// Fills a buffer from this offset on. Fewer bytes than that: there are no more.
    using Read = std::function<std::size_t(std::span<std::byte>, std::uint64_t offset)>;
    /// Asked after each chunk, and when there were fewer bytes than there should be (`cut`):
    /// whether to go on.
    using GoOn = std::function<bool(bool cut)>;

    explicit ContentHasher(std::shared_ptr<policies::HashAlgorithm const> algorithm);

    /// nullopt: it was not to go on. What `read` throws, and the plug-in, comes out here; then
    /// another content can be begun.
    std::optional<Content> describe(std::uint64_t bytes, Read const& read, GoOn const& go_on);

    /// The content id of canonical bytes.
    wire::ContentId content_id(std::string_view manifest);

  private:
    policies::Integrity& integrity();
    std::optional<Content> describe_chunks(std::uint64_t bytes, Read const& read,
                                           GoOn const& go_on);

    std::shared_ptr<policies::HashAlgorithm const> algorithm_;
    std::unique_ptr<policies::Integrity> integrity_;
    std::vector<std::byte> buffer_;
    std::string digest_;
};

}  // namespace xfsbus::peer::index
