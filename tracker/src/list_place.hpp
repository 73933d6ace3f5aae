#pragma once

#include "catalogue.hpp"

#include <xfsbus/wire/ids.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace xfsbus::tracker {

/// Where a page of a subscription's list ended: nowhere, before the first; at a peer; or at a file.
/// Peers come before files.
using ListPlace = std::variant<std::monostate, wire::PeerId, Position>;

/// Before the first file.
inline Position no_file() {
    return {};
}

/// As `next` and `after` say it; empty for nowhere.
std::string list_cursor(ListPlace const& place);
/// nullopt: it is none of ours.
std::optional<ListPlace> read_list_cursor(std::string_view text);

}  // namespace xfsbus::tracker
