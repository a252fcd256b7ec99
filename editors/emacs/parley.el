;;; parley.el --- Parley in Emacs, by eglot -*- lexical-binding: t; -*-

;; For Emacs 28 and newer.  Configuration, and what the protocol leaves to an editor's own side: asking for an
;; instruction, showing an explanation, telling what is going on.  What is done to code is the server's.

(require 'eglot)

(defclass parley-server (eglot-lsp-server) ()
  :documentation "The language server Parley, alone in its buffers.")

(defvar parley-modes
  '(python-mode js-mode go-mode rust-mode java-mode c-mode c++-mode csharp-mode ruby-mode lua-mode php-mode sh-mode)
  "Major modes for which Parley is the language server.")

(defconst parley-tasks
  '("rename" "docstring" "type-hints" "extract-function" "simplify" "fix-diagnostics" "generate-tests" "custom" "explain")
  "The kinds of work that can have a model of their own.")

(add-to-list 'eglot-server-programs `(,parley-modes . (parley-server "parley" "serve")))

(defun parley-refactor (instruction &optional model)
  "Change the region, or the definition at point, as INSTRUCTION says.
With a prefix argument, MODEL is asked this once."
  (interactive (list (read-string "What should change? ") (and current-prefix-arg (parley--read-model))))
  (parley--execute "parley.refactor"
                   (apply #'parley--argument :instruction instruction (and model (list :model model)))))

(defun parley-explain (&optional question model)
  "Explain the region or the definition at point.
With a prefix argument, answer QUESTION about it; with two, MODEL is asked this once."
  (interactive (list (and current-prefix-arg (read-string "What do you want to know? "))
                     (and (equal current-prefix-arg '(16)) (parley--read-model))))
  (parley--execute "parley.explain"
                   (apply #'parley--argument :show :json-false :wait t
                          (append (and question (list :instruction question)) (and model (list :model model))))
                   (lambda (finished)
                     (if-let ((text (plist-get finished :text)))
                         (parley--show text)
                       (message "Parley: %s" (plist-get finished :message))))))

(defun parley-apply ()
  "Apply the latest change that was kept instead of applied."
  (interactive)
  (parley--execute "parley.apply" nil))

(defun parley-model (model &optional task)
  "Let MODEL answer this session's requests; with a prefix argument, only those of a TASK.
With \"auto\", Parley chooses again."
  (interactive (list (parley--read-model) (and current-prefix-arg (completing-read "For: " parley-tasks nil t))))
  (parley--execute "parley.models"
                   (append (list :use (if (equal model "auto") "" model)) (and task (list :task task)))
                   (lambda (now)
                     (message "Parley: %s answers%s. %s" (or (plist-get now :default) "no model")
                              (if task (concat " for " task) "") (or (plist-get now :why) "")))))

(defun parley-cancel ()
  "Cancel every request that runs."
  (interactive)
  (parley--execute "parley.cancel" nil
                   (lambda (result)
                     (message (if (seq-empty-p (plist-get result :cancelled))
                                  "Parley: nothing is running that could be cancelled."
                                "Parley: cancelled; nothing was changed.")))))

(defun parley--argument (&rest more)
  "The argument of a command about the region or point, with MORE."
  (let ((start (if (use-region-p) (region-beginning) (point)))
        (end (if (use-region-p) (region-end) (point))))
    (append (list :textDocument (eglot--VersionedTextDocumentIdentifier)
                  :range (list :start (eglot--pos-to-lsp-position start) :end (eglot--pos-to-lsp-position end)))
            more)))

(defun parley--execute (command argument &optional then)
  "Execute COMMAND with ARGUMENT, without waiting, for the text as it is now; call THEN with the answer."
  (let ((server (or (eglot-current-server) (user-error "Parley is not connected here; M-x eglot starts it"))))
    (eglot--signal-textDocument/didChange)
    (jsonrpc-async-request server :workspace/executeCommand
                           (list :command command :arguments (if argument (vector argument) []))
                           :timeout nil
                           :success-fn (or then #'ignore)
                           :error-fn (lambda (err) (message "Parley: %s" (plist-get err :message))))))

(defun parley--read-model ()
  "Ask which of the models there are is meant."
  (let ((found (jsonrpc-request (eglot-current-server) :workspace/executeCommand
                                (list :command "parley.models" :arguments []))))
    (completing-read (format "Which model? Now: %s " (or (plist-get found :default) "none"))
                     (cons "auto" (mapcar (lambda (each) (concat (plist-get each :provider) "/" (plist-get each :name)))
                                          (plist-get found :models))))))

(defun parley--show (text)
  "Show TEXT, which is Markdown, in a buffer of its own."
  (with-current-buffer (get-buffer-create "*parley*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

(cl-defmethod eglot-handle-request :around ((server parley-server) (_method (eql workspace/applyEdit)) &rest _)
  "Make an edit of SERVER one undo step, and tell at once that it was made."
  (let ((buffers (eglot--managed-buffers server)))
    (dolist (buffer buffers) (with-current-buffer buffer (undo-boundary)))
    (prog1 (cl-call-next-method)
      (dolist (buffer buffers)
        (with-current-buffer buffer
          (undo-boundary)
          (eglot--signal-textDocument/didChange))))))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/waiting)) &key position &allow-other-keys)
  "Tell the POSITION in line."
  (message "Parley: waiting, number %d in line" position))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/asked)) &key target &allow-other-keys)
  "Tell that a model is being asked about TARGET."
  (message "Parley: asking about %s" target))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/route)) &key model &allow-other-keys)
  "Tell that MODEL was chosen."
  (message "Parley: %s reads" model))

(cl-defmethod eglot-handle-notification (_server (_method (eql parley/repairing)) &key problem &allow-other-keys)
  "Tell that the answer had a PROBLEM."
  (message "Parley: asking again: %s" problem))

(provide 'parley)
;;; parley.el ends here
