#pragma once

#include "catch.hpp"
#include "comes_true.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/tracker/running_tracker.hpp>
#include <xfsbus/wire/endpoint.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace xfsbus::test {

/// A tracker that runs, or the test has failed.
class RunningTracker {
  public:
    [[nodiscard]] std::string const& endpoint() const { return endpoint_; }

    void stop() { tracker_.reset(); }

    /// Another one, at the same endpoint.
    void start_again() { tracker_ = start(wire::parse_endpoint(endpoint_).value()); }

  private:
    static std::unique_ptr<tracker::RunningTracker> start(wire::Endpoint const& at) {
        return tracker::RunningTracker::start({.host = at.host, .port = at.port}).value();
    }

    std::unique_ptr<tracker::RunningTracker> tracker_ = start({"127.0.0.1", 0});
    std::string endpoint_ = tracker_->endpoint();
};

inline peer::PeerOptions options_for(RunningTracker const& tracker) {
    peer::PeerOptions options;
    options.tracker = tracker.endpoint();
    options.plugin_directories = {XFSBUS_PLUGINS};
    return options;
}

/// A peer that shares this directory, once the tracker knows it.
inline std::unique_ptr<peer::Peer> source_of(RunningTracker const& tracker,
                                             std::filesystem::path const& directory) {
    auto options = options_for(tracker);
    options.directory = directory;
    auto source = peer::Peer::start(std::move(options)).value();
    REQUIRE(source->wait_until_shared(patience));
    return source;
}

/// A peer that fetches into this directory, at so many bytes a second.
inline std::unique_ptr<peer::Peer> sink_of(RunningTracker const& tracker,
                                           std::filesystem::path const& directory,
                                           std::uint64_t bytes_per_second = 0) {
    auto options = options_for(tracker);
    options.download_directory = directory;
    options.download_limit = bytes_per_second;
    auto sink = peer::Peer::start(std::move(options)).value();
    REQUIRE(sink->wait_for_tracker(patience));
    return sink;
}

inline void write_file(std::filesystem::path const& path, std::size_t bytes) {
    std::ofstream(path) << std::string(bytes, 'b');
}

}  // namespace xfsbus::test
