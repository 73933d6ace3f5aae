#include "progress_bar.hpp"

#include "catch.hpp"

using xfsbus::console::progress_line;
using xfsbus::peer::DownloadProgress;

namespace {

DownloadProgress half() {
    DownloadProgress progress;
    progress.name = "model.bin";
    progress.bytes_done = 512 * 1024;
    progress.bytes_total = 1024 * 1024;
    progress.files_total = 1;
    progress.bytes_per_second = 256 * 1024;
    progress.sources = 2;
    return progress;
}

}  // namespace

TEST_CASE("The progress line says how far, how fast, how long and from how many") {
    auto const line = progress_line(half(), 100);
    CHECK(line.find("model.bin") == 0);
    CHECK(line.find(" 50%") != std::string::npos);
    CHECK(line.find("256.0 KiB/s") != std::string::npos);
    CHECK(line.find("ETA 0:02") != std::string::npos);
    CHECK(line.find("from 2") != std::string::npos);
}

TEST_CASE("The progress line never wraps") {
    for (std::size_t columns = 0; columns < 200; ++columns) {
        auto progress = half();
        progress.name = std::string(columns, 'n') + ".bin";
        CHECK(progress_line(progress, columns).size() <= columns);
    }
}

TEST_CASE("A download of nothing, or of unknown speed, has a progress line, too") {
    DownloadProgress nothing;
    CHECK(progress_line(nothing, 80).find("  0%") != std::string::npos);
    CHECK(progress_line(nothing, 80).find("ETA -") != std::string::npos);
}

TEST_CASE("The progress line counts files when there are several") {
    auto progress = half();
    progress.files_total = 10;
    progress.files_done = 3;
    CHECK(progress_line(progress, 120).find("3/10 files") != std::string::npos);
}

TEST_CASE("A name that would drive the terminal is shown escaped") {
    auto progress = half();
    progress.name = "a\033[2Jb";
    CHECK(progress_line(progress, 120).find('\033') == std::string::npos);
}
