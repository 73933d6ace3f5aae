#include <xfsbus/program/reloader.hpp>
#include <xfsbus/program/service.hpp>

#include <utility>

namespace xfsbus::program {

Reloader::Reloader(Reload reload)
    : reload_(std::move(reload)), thread_([this](std::stop_token const& stop) { work(stop); }) {}

void Reloader::ask() {
    std::lock_guard const lock(mutex_);
    asked_ = true;
    changed_.notify_one();
}

void Reloader::stop() {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Reloader::work(std::stop_token const& stop) {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [this] { return asked_; });
            if (stop.stop_requested()) {
                return;
            }
            asked_ = false;
        }
        notify_reloading();
        reload_(stop);
        notify_service("READY=1");
    }
}

}  // namespace xfsbus::program
