// The power goes while a download is under way: what the disk has not been given by then is gone.
#include "catch.hpp"
#include "disks.hpp"
#include "swarm.hpp"

#include <xfsbus/files/fd.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>

#include <fcntl.h>
#include <sys/ioctl.h>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr auto big_bytes = 24 * mib;
constexpr unsigned many = 60;

/// Files that others have, and a disk to download them to, in a directory called "disk".
class PowerCutWorld {
  public:
    PowerCutWorld() : disk_(swarm_.path() / "image", 160 * mib, "mkfs.ext4", {"-q", "-F"}) {
        mount();
        add("big.bin", big_bytes);
        for (unsigned i = 0; i < many; ++i) {
            add("many/" + std::to_string(i), i % 20 == 0 ? 600'000 + i : 1000 * i, i);
        }
    }

    /// Why it cannot be tested here; empty: it can.
    [[nodiscard]] std::string const& problem() const {
        return mount_ ? mount_->problem() : disk_.problem();
    }

    [[nodiscard]] std::unique_ptr<Process> start(Words const& commands, Words const& options) {
        source_ = std::make_unique<Source>(swarm_, "a");
        auto words = options;
        words.insert(words.begin(), "--no-cache");
        return swarm_.start("disk/sink", commands, words);
    }

    [[nodiscard]] Ended run(Words const& commands, Words const& options) const {
        return swarm_.in("disk/sink", commands, options);
    }

    /// Nothing is written to the disk any more, not even the log of the file system. Empty, or why
    /// that cannot be.
    [[nodiscard]] std::string cut_power() const {
        constexpr unsigned long shutdown = _IOR('X', 125, std::uint32_t);
        std::uint32_t no_log_flush = 2;
        xfsbus::files::Fd const fd(::open((swarm_.path() / "disk").c_str(), O_RDONLY | O_CLOEXEC));
        return ::ioctl(fd.get(), shutdown, &no_log_flush) == 0
                   ? ""
                   : std::string("EXT4_IOC_SHUTDOWN: ") + std::strerror(errno);
    }

    /// As after the machine was started again.
    void mount_again() {
        mount_->unmount();
        mount();
        if (!mount_->problem().empty()) {
            throw std::runtime_error(mount_->problem());
        }
    }

    [[nodiscard]] bool is_right(std::string const& name) const {
        return holds(sink() / name, files_.at(name));
    }

    /// All files that are there, but for temporary ones.
    [[nodiscard]] std::vector<std::string> names() const { return names_of(false); }

    [[nodiscard]] std::vector<std::string> temporaries() const { return names_of(true); }

    [[nodiscard]] bool all_is_right() const {
        return names().size() == files_.size() && temporaries().empty() &&
               std::ranges::all_of(files_, [&](auto const& file) { return is_right(file.first); });
    }

  private:
    void mount() {
        if (disk_.problem().empty()) {
            mount_ = std::make_unique<Mount>(swarm_.path() / "disk", disk_.path(), "ext4", "");
        }
    }

    void add(std::string const& name, std::uint64_t size, unsigned seed = 1000) {
        files_[name] = noise(size, seed);
        write_file(swarm_.directory("a") / name, files_[name]);
    }

    [[nodiscard]] fs::path sink() const { return swarm_.path() / "disk/sink"; }

    [[nodiscard]] std::vector<std::string> names_of(bool temporary) const {
        std::vector<std::string> names;
        if (fs::exists(sink())) {
            for (auto const& entry : fs::recursive_directory_iterator(sink())) {
                if (entry.is_regular_file() &&
                    entry.path().filename().string().starts_with(".xfs-") == temporary) {
                    names.push_back(entry.path().lexically_relative(sink()).string());
                }
            }
        }
        return names;
    }

    Swarm swarm_;
    FormattedDisk disk_;
    std::unique_ptr<Mount> mount_;
    std::map<std::string, std::string> files_;
    std::unique_ptr<Source> source_;
};

std::uint64_t last_progress(std::string_view out, char const* what) {
    auto const steps = events_of(out, "progress");
    return steps.empty() ? 0 : steps.back().at(what).get<std::uint64_t>();
}

bool is_reported(std::string_view out, std::string const& name) {
    return std::ranges::any_of(events_of(out, "downloaded"), [&](auto const& file) {
        return file.at("name") == name && file.at("ok") == true;
    });
}

/// What is downloaded, and when the power goes.
struct Cut {
    std::string what;
    Words commands;
    std::string limit;
    std::function<bool(std::string_view out)> now;
    bool ends_itself = false;  ///< the program has time to find out
    bool resumes = false;      ///< something of big.bin must be there
};

std::vector<Cut> cuts() {
    return {
        {.what = "when the first of many files are reported",
         .commands = {"download many/0", "download many/1", "download many/2", "download many/**",
                      "download big.bin"},
         .limit = "4M",
         .now = [](auto out) { return is_reported(out, "many/2"); }},
        {.what = "in the midst of many files",
         .commands = {"download many/**", "download big.bin"},
         .limit = "1M",
         .now = [](auto out) { return last_progress(out, "files_done") >= many / 6; },
         .ends_itself = true},
        {.what = "when many files are reported",
         .commands = {"download many/**", "download big.bin"},
         .limit = "8M",
         .now = [](auto out) { return is_reported(out, "many/1"); }},
        {.what = "in the midst of a large file",
         .commands = {"download big.bin", "download many/**"},
         .limit = "4M",
         .now = [](auto out) { return last_progress(out, "bytes_done") >= 14 * mib; },
         .resumes = true},
        {.what = "when a large file is reported",
         .commands = {"download big.bin", "download many/**"},
         .limit = "0",
         .now = [](auto out) { return is_reported(out, "big.bin"); },
         .ends_itself = true},
    };
}

}  // namespace

TEST_CASE("A power cut takes no file that was reported, and leaves no wrong one") {
    PowerCutWorld world;
    if (!world.problem().empty()) {
        WARN("not tested: " << world.problem());
        return;
    }
    auto const all = cuts();
    auto const& cut = all[GENERATE(range<std::size_t>(0, 5))];
    CAPTURE(cut.what);
    auto const download =
        world.start(cut.commands, {"--durability", "power", "--max-download-limit", cut.limit});
    std::uint64_t done = 0;
    download->wait_until(cut.what, [&](auto const& output) {
        done = last_progress(output.out, "files_done");
        return output.out.ends_with('\n') && cut.now(output.out);
    });
    if (auto const problem = world.cut_power(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    if (cut.ends_itself) {
        CHECK(download->wait(2 * patience) == 9);
    } else {
        download->signal(SIGKILL);
        download->wait();
    }
    auto const reported = events_of(download->out(), "downloaded");
    world.mount_again();

    for (auto const& file : reported) {
        CAPTURE(file.at("name"));
        CHECK((file.at("ok") == false || world.is_right(file.at("name"))));
    }
    auto const names = world.names();
    CHECK(names.size() >= done);
    for (auto const& name : names) {
        CAPTURE(name);
        CHECK(world.is_right(name));
    }
    auto const again = world.run(cut.commands, {});
    CHECK(again.code == 0);
    CHECK(world.all_is_right());
    for (auto const& file : again.events("downloaded")) {
        bool const counts = cut.resumes && file.at("name") == "big.bin";
        CHECK((!counts || file.at("bytes_resumed") >= 4 * mib));
    }
}

TEST_CASE("After a power cut a repair makes right what was not to survive one") {
    PowerCutWorld world;
    if (!world.problem().empty()) {
        WARN("not tested: " << world.problem());
        return;
    }
    Words const commands{"download many/** --repair", "download big.bin --repair"};
    auto const download =
        world.start(commands, {"--durability", "process", "--max-download-limit", "8M"});
    download->wait_until("that many files are there",
                         [](auto const& output) { return is_reported(output.out, "many/1"); });
    if (auto const problem = world.cut_power(); !problem.empty()) {
        WARN("not tested: " << problem);
        return;
    }
    download->signal(SIGKILL);
    download->wait();
    world.mount_again();
    CHECK(world.run(commands, {"--durability", "process"}).code == 0);
    CHECK(world.all_is_right());
}
