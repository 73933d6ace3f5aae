#include "status_text.hpp"

#include "catch.hpp"

using namespace xfsbus;
using namespace xfsbus::console;

namespace {

peer::PeerStatus idle() {
    peer::PeerStatus status;
    status.host = "10.0.0.1";
    status.port = 7471;
    status.tracker = "tcp://10.0.0.9:7470";
    status.tracker_connected = true;
    status.directory = "/data";
    status.counters = {{{"files", "files", CounterKind::now, "shared"}, 3},
                       {{"bytes_sent", "bytes", CounterKind::total, "to others"}, 1536}};
    status.policy = "loadlatency";
    status.chunk_order = "rarest";
    status.upload_policy = "fair";
    status.integrity = "sha256";
    return status;
}

peer::DownloadStatus half_fetched() {
    peer::DownloadStatus file;
    file.name = "model.bin";
    file.bytes_done = 1024;
    file.bytes_total = 2048;
    file.bytes_duplicate = 10;
    file.chunks_rejected = 1;
    file.bytes_per_second = 512;
    file.seconds_waited = 0.25;
    file.sources = {
        {"10.0.0.2:7471", 1000, 10, 1, 512, 4096, 2048, peer::SourceState::active, "active"},
        {"10.0.0.3:7471", 24, 0, 0, 0, 0, 0, peer::SourceState::active, "gone\033"}};
    return file;
}

}  // namespace

TEST_CASE("The status of an idle peer is a table of what it is, and one of what it counts") {
    CHECK(status_text(idle()) ==
          "listens on  10.0.0.1:7471\n"
          "tracker     tcp://10.0.0.9:7470 (registered)\n"
          "shares      /data\n"
          "policy      loadlatency\n"
          "chunks      rarest\n"
          "uploads     fair\n"
          "integrity   sha256\n"
          "files       3 files  shared\n"
          "bytes_sent  1.5 KiB  to others");
}

TEST_CASE("The status shows each file that is fetched, and each source of it in a row") {
    auto status = idle();
    status.downloading = {half_fetched()};
    auto const text = status_text(status);
    CHECK_THAT(text, ContainsSubstring(
                         "\ndownloading\n"
                         "  model.bin: 50% of 2.0 KiB, 512 B/s, 10 B twice, 1 chunks corrupt, "
                         "waited 0.2 s\n"
                         "    PEER           BYTES   RATE     TWICE  CORRUPT  CREDIT   ASKED    "
                         "STATE\n"
                         "    10.0.0.2:7471  1000 B  512 B/s  10 B   1        4.0 KiB  2.0 KiB  "
                         "active\n"));
    CHECK(text.find('\033') == std::string::npos);
    CHECK(text.find("uploading") == std::string::npos);
}

TEST_CASE("A file without a source yet, or of no bytes, has a status, too") {
    auto status = idle();
    status.downloading.emplace_back().name = "empty";
    CHECK_THAT(status_text(status), ContainsSubstring("empty: 0% of 0 B"));
    CHECK(status_text(status).find("PEER") == std::string::npos);
}

TEST_CASE("The status shows each upload in a row") {
    auto status = idle();
    status.uploading = {{"0123456789abcdef", "10.0.0.4:5555", 1024, 2048, 4096, 7}};
    CHECK_THAT(
        status_text(status),
        ContainsSubstring("\nuploading\n"
                          "    VERSION       TO             BYTES    RATE       CREDIT   "
                          "QUEUED\n"
                          "    0123456789ab  10.0.0.4:5555  1.0 KiB  2.0 KiB/s  4.0 KiB  7"));
}

TEST_CASE("The status says what the tracker refuses, and why") {
    auto status = idle();
    status.tracker_connected = false;
    status.tracker_trouble = "it refuses this peer: its port is taken";
    CHECK(status_text(status).find("(it refuses this peer: its port is taken)") !=
          std::string::npos);
}
