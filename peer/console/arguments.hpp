#pragma once

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::console {

/// A number from 1 to `most`; nullopt for any other text.
std::optional<std::uint64_t> parse_number(std::string const& text, std::uint64_t most);

struct DownloadWords : peer::DownloadRequest {
    bool to_stdout = false;  ///< -o -: its bytes go there, too
};

/// What `watch` is asked for.
struct WatchOrder {
    peer::SubscribeRequest what;
    std::string
        exec;  ///< a command for what appears or changes, and for peers that go; empty: none
};

/// The words after `download`, `push` and `watch`. Errc::usage, with what is wrong with them.
Result<DownloadWords> parse_download(std::vector<std::string> const& words);
Result<peer::PushRequest> parse_push(std::vector<std::string> const& words);
Result<WatchOrder> parse_watch(std::vector<std::string> const& words);

}  // namespace xfsbus::console
