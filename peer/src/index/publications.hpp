#pragma once

#include "index/published_bytes.hpp"

#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace xfsbus::peer::index {

/// The files that the program has published, by name: each stands in the table of what is shared,
/// too, as no file of the directory. Reactor thread.
class Publications {
  public:
    using Bytes = std::shared_ptr<PublishedBytes const>;

    /// The name is free.
    void put(std::string name, wire::ContentId const& content, Bytes bytes) {
        all_.emplace(std::move(name), One{content, std::move(bytes)});
    }

    /// What it was; null: it was not published.
    Bytes take(std::string const& name) {
        auto const found = all_.extract(name);
        return found ? found.mapped().bytes : nullptr;
    }

    [[nodiscard]] bool contains(std::string_view name) const { return all_.contains(name); }

    /// Where the bytes of a shared file are; null: under its name in the directory. `content`: as
    /// the table has it, so that nobody is given other bytes than those that he asks for.
    [[nodiscard]] Bytes find(std::string_view name, wire::ContentId const& content) const {
        auto const found = all_.find(name);
        return found != all_.end() && found->second.content == content ? found->second.bytes
                                                                       : nullptr;
    }

    [[nodiscard]] std::size_t size() const { return all_.size(); }

  private:
    struct One {
        wire::ContentId content;
        Bytes bytes;
    };

    std::map<std::string, One, std::less<>> all_;
};

}  // namespace xfsbus::peer::index
