#include "serving/looker.hpp"

#include "index/share_index.hpp"
#include "net/fault_teller.hpp"
#include "storage/sight.hpp"

#include <xfsbus/wire/messages.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

namespace xfsbus::peer::serving {

/// One question under way. Both threads use it: what is known by then is the answer when the time
/// is over.
struct Looker::Looking {
    std::mutex mutex;
    std::vector<std::uint32_t> have;
    std::vector<std::string> stale;
    bool over = false;  ///< nobody waits for more

    // For the reactor's thread alone.
    std::optional<bus::Reactor::TimerId> timer{};
    OnLooked on_looked{};

    void add(std::uint32_t ppm) {
        std::lock_guard const lock(mutex);
        have.push_back(ppm);
    }

    void add_stale(std::string name) {
        std::lock_guard const lock(mutex);
        stale.push_back(std::move(name));
    }

    [[nodiscard]] bool is_over() {
        std::lock_guard const lock(mutex);
        return over;
    }
};

Looker::Looker(bus::Reactor& reactor, threads::Crew& disk, Owner owner)
    : reactor_(reactor), owner_(std::move(owner)), disk_(disk, 1, net::fault_teller(reactor)) {}

void Looker::look_for(std::string const& address, std::vector<wire::ContentId> contents,
                      OnLooked const& on_looked) {
    contents.resize(budget_.take(reactor_.now(), address, contents.size()));
    look(contents, on_looked);
}

void Looker::look(std::vector<wire::ContentId> const& contents, OnLooked const& on_looked) {
    if (contents.empty() || waiting_ + contents.size() > waiting_most) {
        return on_looked({});
    }
    std::vector<Task> tasks;
    tasks.reserve(contents.size());
    for (auto const& content : contents) {
        tasks.push_back(task_of(content));
    }
    start(std::move(tasks), on_looked);
}

void Looker::start(std::vector<Task> tasks, OnLooked const& on_looked) {
    waiting_ += tasks.size();
    auto const looking = std::make_shared<Looking>();
    looking->on_looked = on_looked;
    looking->timer = reactor_.at(reactor_.now() + patience, [looking, alive = alive()] {
        if (!alive.expired()) {
            looking->timer.reset();
            end(*looking);
        }
    });
    disk_.submit([this, tree = owner_.tree, tasks = std::move(tasks), looking, alive = alive()] {
        work(*tree, tasks, *looking);
        reactor_.post([this, looking, count = tasks.size(), alive] {
            if (!alive.expired()) {
                waiting_ -= count;
                on_worked(*looking);
            }
        });
    });
}

void Looker::on_worked(Looking& looking) {
    for (auto const& name : looking.stale) {
        owner_.on_stale(name);
    }
    if (auto const timer = std::exchange(looking.timer, std::nullopt)) {
        reactor_.cancel(*timer);
        end(looking);
    }
}

Looker::Task Looker::task_of(wire::ContentId const& content) const {
    Task task{owner_.partial_ppm(content), {}, true};
    auto const files = owner_.share.all_by_content(content, names_most + 1);
    task.all_names = files.size() <= names_most;
    for (std::size_t i = 0; i < std::min(files.size(), names_most); ++i) {
        task.files.push_back(
            {files[i]->name, files[i]->stamp, owner_.published.find(files[i]->name, content)});
    }
    return task;
}

/// On the thread for the disk, as all that follows but the end.
Looker::Seen Looker::see(storage::Tree const& tree, File const& file) {
    auto const stamp = [&]() -> std::optional<swarm::FileStamp> {
        if (file.published) {
            auto const now = file.published->stamp();
            return now ? std::optional(*now) : std::nullopt;
        }
        auto const fd = tree.open_file(file.name);
        return fd ? storage::stamp_of(fd->get()) : std::nullopt;
    };
    errno = 0;
    auto const now = stamp();
    if (!now && storage::is_shortage(errno)) {
        return Seen::not_now;
    }
    return now == file.stamp ? Seen::same : Seen::other;
}

/// How much of this content is here; nullopt: that cannot be said.
std::optional<std::uint32_t> Looker::look_at(storage::Tree const& tree, Task const& task,
                                             Looking& looking) {
    for (auto const& file : task.files) {
        auto const seen = see(tree, file);
        if (seen == Seen::same) {
            return wire::complete_ppm;
        }
        if (seen == Seen::not_now) {
            return std::nullopt;
        }
        looking.add_stale(file.name);
    }
    bool const known = task.all_names || task.partial_ppm > 0;
    return known ? std::optional(task.partial_ppm) : std::nullopt;
}

/// Ends at the first content of which nothing can be said.
void Looker::work(storage::Tree const& tree, std::vector<Task> const& tasks, Looking& looking) {
    for (auto task = tasks.begin(); task != tasks.end() && !looking.is_over(); ++task) {
        auto const ppm = look_at(tree, *task, looking);
        if (!ppm) {
            return;
        }
        looking.add(*ppm);
    }
}

void Looker::end(Looking& looking) {
    std::vector<std::uint32_t> have;
    {
        std::lock_guard const lock(looking.mutex);
        looking.over = true;
        have = looking.have;
    }
    std::exchange(looking.on_looked, {})(std::move(have));
}

}  // namespace xfsbus::peer::serving
