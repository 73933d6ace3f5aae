// Files that are read while a download fetches them.
#include "downloader.hpp"

#include <xfsbus/files/system.hpp>

#include <algorithm>
#include <functional>
#include <string_view>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::jobs::test;
using namespace std::chrono_literals;

namespace {

/// A file of so many chunks at a source that takes its time.
struct Film {
    explicit Film(std::size_t chunks = 40) : file(sample(chunks * chunk_bytes)) {
        source.time_of_a_chunk = 100ms;
        sut.share(source, "film", file);
    }

    Downloader::Job start() { return sut.start(Downloader::order("film")); }

    Downloader::Job start(std::shared_ptr<jobs::Stream> const& stream) {
        auto order = Downloader::order("film");
        order.stream = stream;
        return sut.start(std::move(order));
    }

    Sample file;
    Downloader sut;
    FakePeer& source = sut.add_peer();
};

/// Does something once, at the first read of a file.
class AtFirstRead final : public files::Faults {
  public:
    explicit AtFirstRead(std::function<void()> what) : what_(std::move(what)) {
        files::set_faults(this);
    }

    ~AtFirstRead() override { files::set_faults(nullptr); }

    AtFirstRead(AtFirstRead const&) = delete;
    AtFirstRead& operator=(AtFirstRead const&) = delete;

    files::Fault on_call(std::string_view call, int, std::string_view) override {
        if (call.find("read") != std::string_view::npos) {
            if (auto const what = std::exchange(what_, {})) {
                what();
            }
        }
        return {0};
    }

    [[nodiscard]] bool done() const { return !what_; }

  private:
    std::function<void()> what_;
};

}  // namespace

TEST_CASE("How long a reader waits is told, also where the file was in progress when it began") {
    Film film;
    auto const job = film.start();
    film.sut.pass_until_stored(job, 2 * chunk_bytes);
    job.task->play(0, 10'000'000);
    REQUIRE(film.sut.time.pass_until([&] { return job.done(); }));
    CHECK(job.file().seconds_stalled > 1);
}

TEST_CASE("Who wants to read one version does not get another that is in progress") {
    Film film;
    auto const job = film.start();
    film.sut.pass_until_stored(job, 2 * chunk_bytes);
    auto const id = wire::to_hex(film.file.content);
    auto const other = std::string(id.front() == 'f' ? "0" : "f") + id.substr(1, 11);
    CHECK_FALSE(job.task->join("film", other, std::make_shared<jobs::Stream>()));
    CHECK(job.task->join("film", id.substr(0, 12), std::make_shared<jobs::Stream>()));
    CHECK(job.task->join("film", "", std::make_shared<jobs::Stream>()));
}

TEST_CASE("Who reads a file along with its download is told when that is called off") {
    Film film;
    auto const job = film.start();
    film.sut.pass_until_stored(job, 2 * chunk_bytes);
    auto const guest = std::make_shared<jobs::Stream>();
    REQUIRE(job.task->join("film", "", guest));
    CHECK_FALSE(guest->over());
    job.task->cancel();
    CHECK(guest->over());
}

TEST_CASE("A file of few chunks is not offered to others while it comes, though it is read") {
    Film film(2);
    auto const stream = std::make_shared<jobs::Stream>();
    auto const job = film.start(stream);
    REQUIRE(film.sut.time.pass_until([&] { return job.done(); }));
    CHECK_FALSE(job.file().error);
    CHECK(stream->over());
    CHECK(film.sut.server.records.empty());
}

TEST_CASE("A file that is here is read as it is, unless it was changed while it was looked at") {
    bool const changes = GENERATE(false, true);
    Film film(2);
    auto const path = film.sut.directory.path() / "film";
    std::ofstream(path, std::ios::binary) << film.file.bytes;
    auto const stream = std::make_shared<jobs::Stream>();
    AtFirstRead const fault([&] {
        if (changes) {
            std::filesystem::last_write_time(path, std::filesystem::file_time_type() + 1h);
        }
    });
    auto const job = film.start(stream);
    REQUIRE(film.sut.time.pass_until([&] { return job.done(); }));
    CHECK(fault.done());
    CHECK(job.file().present);
    CHECK(stream->over() != changes);
}
