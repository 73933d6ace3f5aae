#include "list_place.hpp"

#include "page.hpp"

#include <utility>

namespace xfsbus::tracker {

namespace {

/// Begins the cursor of a page that ended at a peer; no other cursor begins so.
constexpr char at_peer = '@';

}  // namespace

std::string list_cursor(ListPlace const& place) {
    if (auto const* peer = std::get_if<wire::PeerId>(&place)) {
        return at_peer + wire::to_hex(*peer);
    }
    auto const* file = std::get_if<Position>(&place);
    return file == nullptr ? std::string() : Cursor{*file, std::nullopt}.text();
}

std::optional<ListPlace> read_list_cursor(std::string_view text) {
    if (text.empty()) {
        return ListPlace();
    }
    if (text.starts_with(at_peer)) {
        auto const bytes = wire::from_hex(text.substr(1));
        auto const peer = bytes ? wire::PeerId::from(*bytes) : std::nullopt;
        return peer ? std::optional<ListPlace>(*peer) : std::nullopt;
    }
    auto cursor = read_cursor(text);
    if (!cursor || cursor->source) {
        return std::nullopt;
    }
    return ListPlace(std::move(cursor->file));
}

}  // namespace xfsbus::tracker
