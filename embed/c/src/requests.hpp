#pragma once

#include <xfsbus/peer/download.hpp>
#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/peer/push.hpp>
#include <xfsbus/peer/reader.hpp>
#include <xfsbus/peer/subscribe.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/xfsbus.h>

#include <stop_token>

namespace xfsbus::c {

// What a program has filled in. They throw Misuse for what makes no sense, and for what only a
// newer library knows.

/// nullptr: all as it is by default.
peer::PeerOptions options_of(xfsbus_options const* given);
peer::DownloadRequest request_of(xfsbus_download_request const* given);
peer::SubscribeRequest request_of(xfsbus_subscribe_request const* given);
peer::PushRequest request_of(xfsbus_push_request const* given);
// From here on what the program is to be told of is kept by the request, and let go with it.
peer::PublishRequest request_of(xfsbus_publish_memory_request const* given);
peer::PublishRequest request_of(xfsbus_publish_file_request const* given);
peer::PublishRequest request_of(xfsbus_publish_blocks_request const* given);

/// Null: nobody listens.
OnLog log_of(xfsbus_options const& options);

/// How a file is to be opened, and what ends that.
struct Opening {
    peer::OpenOptions options;
    std::stop_token stop;
};

/// nullptr: all as it is by default.
Opening opening_of(xfsbus_open_options const* given);

}  // namespace xfsbus::c
