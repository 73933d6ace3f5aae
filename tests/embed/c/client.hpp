#pragma once

// A tracker, and peers by the interface in C.
#include "catch.hpp"
#include "running_tracker.hpp"
#include "temp_dir.hpp"

#include <xfsbus/xfsbus.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

namespace xfsbus::test {

constexpr std::int64_t patience_ms = 20'000;

template <auto free>
struct Freed {
    void operator()(auto* handle) const { free(handle); }
};

using PeerHandle = std::unique_ptr<xfsbus_peer, Freed<xfsbus_peer_free>>;
using JobHandle = std::unique_ptr<xfsbus_job, Freed<xfsbus_job_free>>;
using EventsHandle = std::unique_ptr<xfsbus_events, Freed<xfsbus_events_free>>;
using EventAnswer = std::unique_ptr<xfsbus_event const, Freed<xfsbus_event_free>>;
using ReaderHandle = std::unique_ptr<xfsbus_reader, Freed<xfsbus_reader_free>>;
using StopHandle = std::unique_ptr<xfsbus_stop, Freed<xfsbus_stop_free>>;
using FoundAnswer = std::unique_ptr<xfsbus_found_list const, Freed<xfsbus_found_list_free>>;
using ReportAnswer = std::unique_ptr<xfsbus_report const, Freed<xfsbus_report_free>>;
using PushedAnswer = std::unique_ptr<xfsbus_pushed const, Freed<xfsbus_pushed_free>>;
using SummaryAnswer = std::unique_ptr<xfsbus_summary const, Freed<xfsbus_summary_free>>;
using PeersAnswer = std::unique_ptr<xfsbus_peer_list const, Freed<xfsbus_peer_list_free>>;
using FilesAnswer = std::unique_ptr<xfsbus_file_list const, Freed<xfsbus_file_list_free>>;
using ListingAnswer = std::unique_ptr<xfsbus_listing const, Freed<xfsbus_listing_free>>;
using StatusAnswer = std::unique_ptr<xfsbus_status const, Freed<xfsbus_status_free>>;
using PublishedAnswer = std::unique_ptr<xfsbus_published const, Freed<xfsbus_published_free>>;
using PolicyAnswer = std::unique_ptr<xfsbus_policy_info const, Freed<xfsbus_policy_info_free>>;

template <typename Request>
Request zeroed() {
    Request request{};
    request.size = sizeof request;
    return request;
}

inline xfsbus_download_request download_of(char const* name) {
    auto request = zeroed<xfsbus_download_request>();
    request.name = name;
    return request;
}

/// A tracker, a directory to share and one to fetch into, and peers that are told of them.
class Bus {
  public:
    [[nodiscard]] std::filesystem::path const& share() const { return share_.path(); }

    [[nodiscard]] std::filesystem::path const& downloads() const { return downloads_.path(); }

    /// As the tests of peers want it; the texts live as long as this.
    [[nodiscard]] xfsbus_options options() const {
        auto options = zeroed<xfsbus_options>();
        options.tracker = endpoint_.c_str();
        options.plugin_directories = plugins_;
        options.durability = XFSBUS_DURABILITY_PROCESS;
        options.download_directory = downloads_.path().c_str();
        return options;
    }

    /// A peer that shares share(), once the tracker has its list.
    [[nodiscard]] PeerHandle source() const {
        auto options = this->options();
        options.directory = share_.path().c_str();
        options.labels = "rack=7";
        auto peer = started(options);
        REQUIRE(xfsbus_peer_wait_until_shared(peer.get(), patience_ms, nullptr, nullptr) ==
                XFSBUS_OK);
        return peer;
    }

    /// A peer that fetches into downloads(), once the tracker knows it.
    [[nodiscard]] PeerHandle sink(std::uint64_t bytes_per_second = 0) const {
        auto options = this->options();
        options.download_limit = bytes_per_second;
        auto peer = started(options);
        REQUIRE(xfsbus_peer_wait_for_tracker(peer.get(), patience_ms, nullptr) == XFSBUS_OK);
        return peer;
    }

    [[nodiscard]] static PeerHandle started(xfsbus_options const& options) {
        xfsbus_error error;
        xfsbus_peer* peer = nullptr;
        auto const code = xfsbus_peer_start(&options, &peer, &error);
        INFO(error.message);
        REQUIRE(code == XFSBUS_OK);
        return PeerHandle(peer);
    }

  private:
    RunningTracker tracker_;
    std::string endpoint_ = tracker_.endpoint();
    TempDir share_;
    TempDir downloads_;
    char const* plugins_[2] = {XFSBUS_PLUGINS, nullptr};
};

inline EventsHandle events_of(PeerHandle const& peer) {
    xfsbus_events* events = nullptr;
    REQUIRE(xfsbus_peer_events(peer.get(), &events, nullptr) == XFSBUS_OK);
    return EventsHandle(events);
}

/// The next event of this kind; what comes before it is dropped.
inline EventAnswer next(EventsHandle const& events, xfsbus_event_kind kind) {
    while (true) {
        xfsbus_event const* event = nullptr;
        REQUIRE(xfsbus_events_wait(events.get(), patience_ms, &event, nullptr) == XFSBUS_OK);
        REQUIRE(event != nullptr);
        EventAnswer answer(event);
        if (event->kind == kind) {
            return answer;
        }
    }
}

inline JobHandle begun_download(PeerHandle const& peer, char const* name) {
    auto const request = download_of(name);
    xfsbus_job* job = nullptr;
    REQUIRE(xfsbus_peer_start_download(peer.get(), &request, &job, nullptr) == XFSBUS_OK);
    return JobHandle(job);
}

}  // namespace xfsbus::test
