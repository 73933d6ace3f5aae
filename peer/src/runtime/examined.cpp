#include "runtime/examined.hpp"

#include "index/content_hasher.hpp"
#include "storage/sight.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <exception>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

/// Of a name that something of the directory has, shared or not.
Status name_is_free(Examination const& it) {
    auto const directory = it.tree ? it.tree->directory() : Error{};
    if (!directory) {
        return done();
    }
    auto const sight = storage::look_at((*directory)->get(), it.name);
    if (sight.kind == storage::Sight::Kind::gone) {
        return done();
    }
    if (sight.kind == storage::Sight::Kind::unknown) {
        return not_published(it.name, "no more files can be opened now", Errc::disk);
    }
    return not_published(it.name, "something in the directory has this name");
}

/// Whose manifest it is, if it is that of so many bytes.
Result<wire::ContentId> content_of(std::string const& bytes, std::uint64_t size,
                                   jobs::Hashes& hashes) {
    auto const manifest = wire::decode_manifest(bytes);
    if (!manifest) {
        return Error{Errc::usage, "its manifest is none: " + manifest.error().message};
    }
    auto const algorithm = hashes.get(manifest->algorithm);
    if (!algorithm) {
        return algorithm.error();
    }
    if ((*algorithm)->digest_size() != manifest->digest_bytes) {
        return Error{Errc::usage, "its manifest has digests of another length"};
    }
    if (manifest->file_bytes != size) {
        return Error{Errc::integrity, "its manifest is that of " +
                                          std::to_string(manifest->file_bytes) +
                                          " bytes, and it has " + std::to_string(size)};
    }
    try {
        return index::ContentHasher(*algorithm).content_id(bytes);
    } catch (std::exception const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

Examined as_described(Examination const& it, jobs::Hashes& hashes) {
    auto const stamp = it.bytes->stamp();
    if (!stamp) {
        return stamp.error();
    }
    auto const content = content_of(it.manifest, stamp->size, hashes);
    if (!content) {
        return not_published(it.name, content.error().message, content.error().code);
    }
    return swarm::IndexedFile{it.name, *content, std::make_shared<std::string const>(it.manifest),
                              *stamp};
}

Examined as_read(Examination const& it) {
    auto const stamp = it.bytes->stamp();
    if (!stamp) {
        return stamp.error();
    }
    if (stamp->size > wire::limits::file_bytes) {
        return too_large(it.name);
    }
    auto outcome = it.bytes->describe(it.integrity, it.stop);
    if (auto* const hashed = std::get_if<index::HashedFile>(&outcome)) {
        return swarm::IndexedFile{it.name, hashed->content, std::move(hashed->manifest),
                                  hashed->stamp};
    }
    if (auto const* const changing = std::get_if<index::FileChanging>(&outcome)) {
        return *changing;
    }
    if (auto const* const unreadable = std::get_if<index::FileUnreadable>(&outcome)) {
        return not_published(it.name, "it cannot be read: " + wire::escape(unreadable->why),
                             Errc::disk);
    }
    bool const stopped = std::holds_alternative<index::HashStopped>(outcome);
    return stopped ? Error{Errc::interrupted, "interrupted"}
                   : not_published(it.name, "it has vanished", Errc::disk);
}

}  // namespace

Error not_published(std::string const& name, std::string const& why, Errc code) {
    return {code, "'" + wire::escape(name) + "' cannot be published: " + why};
}

Error too_large(std::string const& name) {
    return not_published(name, "it is larger than 4 TiB");
}

Examined examine(Examination const& it, jobs::Hashes& hashes) {
    auto const free = name_is_free(it);
    if (!free) {
        return free.error();
    }
    return it.manifest.empty() ? as_read(it) : as_described(it, hashes);
}

}  // namespace xfsbus::peer::runtime
