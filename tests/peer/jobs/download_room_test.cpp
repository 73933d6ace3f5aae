// What a download does about a disk without room.
#include "downloader.hpp"

#include <xfsbus/files/system.hpp>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;

namespace {

/// The first so many writes find no room.
class NoRoomAtFirst final : public files::Faults {
  public:
    explicit NoRoomAtFirst(int writes) : left_(writes) { files::set_faults(this); }

    ~NoRoomAtFirst() override { files::set_faults(nullptr); }

    NoRoomAtFirst(NoRoomAtFirst const&) = delete;
    NoRoomAtFirst& operator=(NoRoomAtFirst const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        bool const fails = call == "pwrite" && left_ > 0;
        left_ -= fails ? 1 : 0;
        return {fails ? ENOSPC : 0};
    }

    [[nodiscard]] int left() const { return left_; }

  private:
    int left_;
};

/// Some files of one chunk at a source.
struct SideBySide {
    explicit SideBySide(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            contents.push_back(sample(chunk_bytes, i + 1));
            sut.share(source, name(i), contents.back());
        }
    }

    static std::string name(unsigned i) { return "file" + std::to_string(i); }

    DownloadReport fetch() {
        auto const job = sut.run(Downloader::order("file*"));
        REQUIRE(*job.result);
        return (*job.result)->value();
    }

    [[nodiscard]] unsigned right() const {
        unsigned count = 0;
        for (unsigned i = 0; i < contents.size(); ++i) {
            count += sut.read(name(i)) == contents[i].bytes ? 1 : 0;
        }
        return count;
    }

    Downloader sut;
    FakePeer& source = sut.add_peer();
    std::vector<Sample> contents;
};

unsigned failed(DownloadReport const& report) {
    unsigned count = 0;
    for (auto const& file : report.files) {
        count += file.error ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("Files that found no room while others were made are tried once more, and are there") {
    SideBySide files(5);
    NoRoomAtFirst const disk(5);
    auto const report = files.fetch();
    CHECK(disk.left() == 0);
    CHECK(report.files.size() == 5);
    CHECK(failed(report) == 0);
    CHECK(files.right() == 5);
    CHECK(files.sut.has_logged("download-waits"));
}

TEST_CASE("A file that finds no room when it is alone fails, and those after it are still tried") {
    SideBySide files(5);
    NoRoomAtFirst const disk(7);
    auto const report = files.fetch();
    CHECK(report.files.size() == 5);
    CHECK(failed(report) == 2);
    CHECK(files.right() == 3);
    for (auto const& file : report.files) {
        CHECK((!file.error || file.error->code == Errc::disk));
    }
}

TEST_CASE("The only file of a download that finds no room fails at once") {
    SideBySide files(1);
    NoRoomAtFirst const disk(1);
    CHECK(failed(files.fetch()) == 1);
}

TEST_CASE("A download that is cancelled tries nothing again that found no room") {
    SideBySide files(5);
    NoRoomAtFirst const disk(1'000'000);
    auto const job = files.sut.start(Downloader::order("file*"));
    REQUIRE(files.sut.time.pass_until([&] { return files.sut.has_logged("download-waits"); }));
    job.task->cancel();
    files.sut.time.pass(std::chrono::minutes(1));
    CHECK(job.done());
    CHECK(files.right() == 0);
}
